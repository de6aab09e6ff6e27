"""Session settings in the dialect of the 3 and 3.5 models: flat."""

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

_ASR = "qwen3-asr-flash-realtime"
_RATES = (8000, 16_000)


def defaults(model: LiveModel) -> RequestedSettings:
    """Return a session's settings before its first update."""
    return RequestedSettings(
        target="en",
        audio=True,
        voice=model.voice,
        source_text=model.source_text,
        source_language=None,
        detection=TurnDetection("server_vad", 0.2, 1000),
        sample_rate=16_000,
    )


def shown(model: LiveModel, settings: RequestedSettings) -> dict[str, Any]:
    """Return the settings as in session.created and session.updated."""
    heard, spoken = model.audio_format
    transcription: dict[str, Any] | None = {"model": _ASR} if settings.source_text else None
    if transcription is not None and settings.source_language is not None:
        transcription["language"] = settings.source_language
    detection = settings.detection
    return {
        "modalities": settings.modalities,
        "voice": settings.voice,
        "sample_rate": settings.sample_rate,
        "input_audio_format": heard,
        "output_audio_format": spoken,
        "input_audio_transcription": transcription,
        "turn_detection": None
        if detection is None
        else {
            "type": detection.kind,
            "threshold": detection.threshold,
            "prefix_padding_ms": detection.prefix_ms,
            "silence_duration_ms": detection.silence_ms,
            "create_response": True,
            "interrupt_response": True,
        },
        **settings.shown,
        "translation": {"language": settings.target, **settings.shown.get("translation", {})},
    }


def updated(
    model: LiveModel, old: RequestedSettings, body: dict[str, Any], speakable: frozenset[str]
) -> RequestedSettings:
    """Return the settings after a session.update.

    Raises:
        RefusedError: A value is not taken.
        VoiceRefusedError: The model has no such voice.
    """
    audio = (
        wants_audio(body["modalities"], "session.modalities") if "modalities" in body else old.audio
    )
    translation = section(body, "translation", "session.translation")
    check_phrases(translation)
    settings = replace(
        old,
        audio=audio,
        target=check_target(
            model, translation.get("language", old.target), audio=audio, speakable=speakable
        ),
        # The official SDK sends null where no voice was named.
        voice=old.voice
        if body.get("voice") is None
        else check_voice(model, body["voice"], "session.voice"),
        sample_rate=_rate(body, old.sample_rate),
        detection=_detection(body, old.detection),
        shown={**old.shown, **_extras(body, translation)},
    )
    _check_formats(body)
    return _transcription(model, settings, body)


def _rate(body: dict[str, Any], old: int) -> int:
    rate = body.get("sample_rate", old)
    if rate not in _RATES:
        raise SettingRefusedError(
            f"Invalid sample_rate: {rate}. Supported are 8000 and 16000.",
            param="session.sample_rate",
        )
    return int(rate)


def _check_formats(body: dict[str, Any]) -> None:
    for key in ("input_audio_format", "output_audio_format"):
        if key in body and body[key] not in ("pcm", "pcm16", "pcm24"):
            raise SettingRefusedError(
                f"Invalid {key}: {body[key]!r}. This engine takes and gives PCM alone.",
                param=f"session.{key}",
            )


def _detection(body: dict[str, Any], old: TurnDetection | None) -> TurnDetection | None:
    if "turn_detection" not in body:
        return old
    if body["turn_detection"] is None:
        return None
    path = "session.turn_detection"
    wanted = section(body, "turn_detection", path)
    if wanted.get("type", "server_vad") != "server_vad":
        raise SettingRefusedError(f"Invalid {path}.type: {wanted['type']!r}.", param=f"{path}.type")
    base = old or TurnDetection("server_vad", 0.2, 1000)
    return TurnDetection(
        "server_vad",
        number(wanted.get("threshold", base.threshold), -1, 1, f"{path}.threshold"),
        int(
            number(
                wanted.get("silence_duration_ms", base.silence_ms),
                200,
                6000,
                f"{path}.silence_duration_ms",
            )
        ),
        int(
            number(
                wanted.get("prefix_padding_ms", base.prefix_ms),
                0,
                2000,
                f"{path}.prefix_padding_ms",
            )
        ),
    )


def _transcription(
    model: LiveModel, settings: RequestedSettings, body: dict[str, Any]
) -> RequestedSettings:
    if "input_audio_transcription" not in body:
        return settings
    path = "session.input_audio_transcription"
    wanted = section(body, "input_audio_transcription", path)
    language = wanted.get("language")
    if language is not None and language not in model.spoken | model.written:
        raise SettingRefusedError(
            f"Invalid {path}.language: {language!r}.", param=f"{path}.language"
        )
    # A null model turns the original off; a language alone leaves it as it was.
    on = wanted["model"] is not None if "model" in wanted else bool(wanted) and settings.source_text
    return replace(settings, source_text=on, source_language=language)


def _extras(body: dict[str, Any], translation: dict[str, Any]) -> dict[str, Any]:
    refuse_imitation(body)
    return (
        {
            "translation": {
                key: translation[key]
                for key in ("corpus", "same_language_skip_options")
                if key in translation
            }
        }
        if translation
        else {}
    )
