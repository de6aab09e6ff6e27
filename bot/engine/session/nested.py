"""Session settings in the dialect of the 3.8 models: nested."""

from dataclasses import replace
from typing import Any

from bot.engine.catalogue import LiveModel
from bot.engine.session.settings import (
    RequestedSettings,
    SettingRefusedError,
    TurnDetection,
    check_phrases,
    check_target,
    check_voice,
    number,
    refuse_imitation,
    section,
    wants_audio,
)

_SPEAKERS = TurnDetection("speaker_detection", 0.5, 1000)
_SERVER_VAD = TurnDetection("server_vad", 0.2, 1000)


def defaults(model: LiveModel) -> RequestedSettings:
    """Return a session's settings before its first update."""
    return RequestedSettings(
        target="en",
        audio=True,
        voice=model.voice,
        source_text=True,
        source_language=None,
        detection=_SPEAKERS,
        sample_rate=16_000,
    )


def shown(model: LiveModel, settings: RequestedSettings) -> dict[str, Any]:
    """Return the settings as in session.created and session.updated."""
    heard, spoken = model.audio_format
    detection = settings.detection
    return {
        "input_modalities": ["audio"],
        "output_modalities": settings.modalities,
        "audio": {
            "input": {
                "format": {"type": heard, "sample_rate": settings.sample_rate},
                "turn_detection": None
                if detection is None
                else {
                    "type": detection.kind,
                    "threshold": detection.threshold,
                    "silence_duration_ms": detection.silence_ms,
                },
            },
            "output": {
                "format": {"type": spoken, "sample_rate": 24_000},
                "voice": settings.voice,
            },
        },
        "translation": {"language": settings.target, **settings.shown.get("translation", {})},
    }


def updated(
    model: LiveModel, old: RequestedSettings, body: dict[str, Any], speakable: frozenset[str]
) -> RequestedSettings:
    """Return the settings after a session.update.

    Raises:
        RefusedError: A value is not taken, or the translation is not named.
        VoiceRefusedError: The model has no such voice.
    """
    translation = section(body, "translation", "session.translation")
    if not translation:
        raise SettingRefusedError("Invalid translation parameter.", param="session.translation")
    check_phrases(translation)
    refuse_imitation(body)
    audio = (
        wants_audio(body["output_modalities"], "session.output_modalities")
        if "output_modalities" in body
        else old.audio
    )
    sound = section(body, "audio", "session.audio")
    heard = section(sound, "input", "session.audio.input")
    spoken = section(sound, "output", "session.audio.output")
    _check_format(heard, "session.audio.input", (16_000,))
    _check_format(spoken, "session.audio.output", (24_000,))
    voice = spoken.get("voice") or body.get("voice")
    if "same_language_skip_options" in translation:
        raise SettingRefusedError(
            "same_language_skip_options is not supported by this model.",
            param="session.translation.same_language_skip_options",
        )
    return replace(
        old,
        audio=audio,
        target=check_target(model, translation.get("language"), audio=audio, speakable=speakable),
        voice=old.voice if voice is None else check_voice(model, voice, "session.voice"),
        detection=_detection(heard, old.detection),
        shown={"translation": {key: translation[key] for key in ("corpus",) if key in translation}},
    )


def _check_format(side: dict[str, Any], path: str, rates: tuple[int, ...]) -> None:
    wanted = section(side, "format", f"{path}.format")
    if wanted.get("type", "pcm") != "pcm" or wanted.get("sample_rate", rates[0]) not in rates:
        raise SettingRefusedError(
            f"Invalid {path}.format: pcm at {rates[0]} Hz is expected.", param=f"{path}.format"
        )


def _detection(heard: dict[str, Any], old: TurnDetection | None) -> TurnDetection | None:
    if "turn_detection" not in heard:
        return old
    if heard["turn_detection"] is None:
        return None
    path = "session.audio.input.turn_detection"
    wanted = section(heard, "turn_detection", path)
    kind = wanted.get("type", "speaker_detection")
    if kind not in ("server_vad", "speaker_detection"):
        raise SettingRefusedError(f"Invalid {path}.type: {kind!r}.", param=f"{path}.type")
    base = old if old is not None and old.kind == kind else _base(kind)
    threshold = number(wanted.get("threshold", base.threshold), -1, 1, f"{path}.threshold")
    silence = wanted.get("silence_duration_ms", base.silence_ms)
    return TurnDetection(
        kind,
        0.5 if kind == "speaker_detection" else threshold,  # fixed there, whatever is sent
        int(number(silence, 200, 6000, f"{path}.silence_duration_ms")),
    )


def _base(kind: str) -> TurnDetection:
    return _SPEAKERS if kind == "speaker_detection" else _SERVER_VAD
