"""The `session` object of a session.update in the model's dialect, and how the SDK says it."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from dashscope.audio.qwen_omni import MultiModality, OmniRealtimeConversation
from dashscope.audio.qwen_omni.omni_realtime import TranslationParams

from bot.domain.events import SPEECH_RATE, VOICE_RATE
from bot.translation.protocol.models import Dialect, Model, SourceTextSupport

TRANSCRIPTION_MODEL: Final = "qwen3-asr-flash-realtime"
VAD_THRESHOLD: Final = 0.2  # the service's default
PREFIX_PADDING_MS: Final = 300  # what the SDK sends
_FURTHER: Final = ("sample_rate", "enable_voice_clone", "voice_clone_options")
"""Fields that `update_session` has no parameter for and takes as further keywords."""


CLONED: Final = "default"
"""The voice that is the speaker's own."""


class VoiceClone(StrEnum):
    """When a speaker's own voice is imitated anew; not by qwen3."""

    ONCE = "once"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """What a session is to do.

    Attributes:
        target: Language to translate into.
        source: The speaker's language, or None for the service to detect.
        voice: Name of the voice, or None for text alone.
        source_text: Whether the original text is wanted.
        silence_ms: Silence that ends a turn.
        phrases: Source term to target term.
        clone: Speak in the speaker's own voice, in place of `voice`.
    """

    target: str
    source: str | None
    voice: str | None
    source_text: bool
    silence_ms: int
    phrases: Mapping[str, str]
    clone: VoiceClone | None = None


def session(model: Model, options: SessionOptions) -> dict[str, Any]:
    """Return the whole `session` object; the service wants `translation` in every update."""
    if options.clone is not None and options.voice is not None:
        options = replace(options, voice=CLONED)
    body = _flat(model, options) if model.dialect is Dialect.FLAT else _nested(model, options)
    if options.voice == CLONED and options.clone is not None:
        body["enable_voice_clone"] = True
        body["voice_clone_options"] = {"frequency": options.clone.value}
    return body


def _flat(model: Model, options: SessionOptions) -> dict[str, Any]:
    body: dict[str, Any] = {
        "modalities": _modalities(options),
        "sample_rate": SPEECH_RATE,
        "input_audio_format": model.audio_format,
        "output_audio_format": model.audio_format,
        "turn_detection": {
            "type": "server_vad",
            "threshold": VAD_THRESHOLD,
            "prefix_padding_ms": PREFIX_PADDING_MS,
            "silence_duration_ms": options.silence_ms,
        },
        "translation": _translation(model, options),
    }
    if options.target in model.skips_echo:
        body["translation"]["same_language_skip_options"] = {"skip_text": True, "skip_audio": True}
    if options.voice is not None:
        body["voice"] = options.voice
    wanted = options.source_text or model.source_text is SourceTextSupport.ALWAYS
    # An explicit null model turns source text off; qwen3.5 has it on by default.
    transcription: dict[str, Any] = {"model": TRANSCRIPTION_MODEL if wanted else None}
    if options.source is not None and model.source_language:
        transcription["language"] = options.source
    body["input_audio_transcription"] = transcription
    return body


def _nested(model: Model, options: SessionOptions) -> dict[str, Any]:
    # The voice is always named: the default of the service is one it refuses.
    voice = options.voice if options.voice is not None else model.voices.default
    return {
        "output_modalities": _modalities(options),
        "audio": {
            "input": {
                "format": {"type": model.audio_format, "sample_rate": SPEECH_RATE},
                # The default, speaker_detection, tells the voices of one microphone apart; here
                # each conversation hears one speaker.
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": VAD_THRESHOLD,
                    "silence_duration_ms": options.silence_ms,
                },
            },
            "output": {
                "format": {"type": model.audio_format, "sample_rate": VOICE_RATE},
                "voice": voice,
            },
        },
        "voice": voice,
        "translation": _translation(model, options),
    }


def _modalities(options: SessionOptions) -> list[str]:
    return ["text"] if options.voice is None else ["text", "audio"]


def _translation(model: Model, options: SessionOptions) -> dict[str, Any]:
    body: dict[str, Any] = {"language": options.target}
    if options.phrases:
        phrases = dict(list(options.phrases.items())[: model.most_phrases])
        body["corpus"] = {"phrases": phrases}
    return body


def say(conversation: OmniRealtimeConversation, session: Mapping[str, Any]) -> None:
    """Send a session's settings, by `update_session` wherever that can say them.

    Args:
        conversation: The conversation they are for.
        session: The `session` object as `dialect` makes it.
    """
    if not _can_be_said(session):
        event_id = f"event_{uuid.uuid4().hex}"
        event = {"event_id": event_id, "type": "session.update", "session": session}
        conversation.send_raw(json.dumps(event))
        return
    translation, detection = session["translation"], session["turn_detection"]
    phrases = translation.get("corpus", {}).get("phrases")
    conversation.update_session(
        output_modalities=[MultiModality(name) for name in session["modalities"]],
        voice=session.get("voice"),  # type: ignore[arg-type]  # None is its default
        # None is sent as null, which turns the source text off.
        input_audio_transcription_model=session["input_audio_transcription"]["model"],
        turn_detection_type=detection["type"],
        turn_detection_threshold=detection["threshold"],
        prefix_padding_ms=detection["prefix_padding_ms"],
        turn_detection_silence_duration_ms=detection["silence_duration_ms"],
        translation_params=TranslationParams(
            language=translation["language"],
            corpus=None if phrases is None else TranslationParams.Corpus(phrases=phrases),  # type: ignore[arg-type]
        ),
        **{name: session[name] for name in _FURTHER if name in session},
    )


def _can_be_said(session: Mapping[str, Any]) -> bool:
    """Return whether `update_session` can express these settings."""
    # qwen3.8 has `output_modalities` and puts formats and turn detection into `audio`;
    # `update_session` always writes the names of the generations before.
    if "output_modalities" in session:
        return False
    # A source language is a field of TranscriptionParams, which leave out the transcription model.
    if "language" in session["input_audio_transcription"]:
        return False
    # TranslationParams have no such field.
    return "same_language_skip_options" not in session["translation"]
