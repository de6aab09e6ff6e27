"""A decoded JSON message of the service -> a value of `protocol`, or ProtocolError."""

import binascii
from collections.abc import Callable, Mapping
from typing import Any, Final

from bot.errors import ProtocolError
from bot.translation import protocol
from bot.translation.protocol import ServerEvent

_RIFF_HEADER: Final = 44  # bytes; the vendor's example of a voice delta begins with one


def parse(message: object) -> ServerEvent:
    """Read one message.

    Raises:
        ProtocolError: It is no object, has no type, or lacks a field of its type. The message
            names the field and never quotes the content.
    """
    if not isinstance(message, dict):
        raise ProtocolError("A message is no JSON object.")
    kind = message.get("type")
    if kind is None and "code" in message:
        return _error_at_top(message)
    if not isinstance(kind, str):
        raise ProtocolError("A message has no type.")
    reader = _READERS.get(kind)
    if reader is None:
        return protocol.Unused(kind)
    return reader(_Fields(message, kind))


class _Fields:
    """Typed access to an event's fields."""

    def __init__(self, values: Mapping[str, Any], kind: str) -> None:
        self._values = values
        self._kind = kind

    def text(self, key: str) -> str:
        value = self._values.get(key)
        if not isinstance(value, str):
            raise ProtocolError(f"{self._kind}: {key} is no text.")
        return value

    def optional(self, key: str) -> str | None:
        return None if self._values.get(key) is None else self.text(key)

    def lenient(self, key: str) -> str:
        """A text that says nothing when it is missing."""
        return self.optional(key) or ""

    def number(self, key: str) -> int | None:
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
            raise ProtocolError(f"{self._kind}: {key} is no count.")
        return int(value)

    def within(self, key: str) -> "_Fields":
        value = self._values.get(key)
        if not isinstance(value, dict):
            raise ProtocolError(f"{self._kind}: {key} is no object.")
        return _Fields(value, f"{self._kind}.{key}")

    def has(self, key: str) -> bool:
        return self._values.get(key) is not None

    def each(self, key: str) -> "list[_Fields]":
        value = self._values.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise ProtocolError(f"{self._kind}: {key} is no list.")
        return [_Fields(part, f"{self._kind}.{key}") for part in value if isinstance(part, dict)]


def _error_at_top(message: Mapping[str, Any]) -> ServerEvent:
    return protocol.ServerError(
        code=str(message.get("code")), message=str(message.get("message", "")), param=None
    )


def _error(fields: _Fields) -> ServerEvent:
    inner = fields.within("error") if fields.has("error") else fields
    code = inner.lenient("code") or inner.lenient("type")
    return protocol.ServerError(code, inner.lenient("message"), inner.optional("param"))


def _session_created(fields: _Fields) -> ServerEvent:
    return protocol.SessionCreated(fields.within("session").lenient("id"))


def _speech_started(fields: _Fields) -> ServerEvent:
    return protocol.SpeechStarted(fields.number("audio_start_ms"), fields.optional("item_id"))


def _speech_stopped(fields: _Fields) -> ServerEvent:
    return protocol.SpeechStopped(fields.number("audio_end_ms"), fields.optional("item_id"))


def _source_text(fields: _Fields) -> ServerEvent:
    return protocol.SourceText(
        fields.text("item_id"),
        fields.lenient("text") + fields.lenient("stash"),
        append=False,
        language=fields.optional("language"),
    )


def _source_delta(fields: _Fields) -> ServerEvent:
    return protocol.SourceText(
        fields.text("item_id"),
        fields.text("delta"),
        append=True,
        language=fields.optional("language"),
    )


def _source_completed(fields: _Fields) -> ServerEvent:
    return protocol.SourceDone(
        fields.text("item_id"), fields.lenient("transcript"), fields.optional("language")
    )


def _source_failed(fields: _Fields) -> ServerEvent:
    item_id = fields.lenient("item_id")
    if not fields.has("error"):
        return protocol.SourceFailed(item_id, "")
    error = fields.within("error")
    return protocol.SourceFailed(item_id, error.lenient("code"), error.lenient("message"))


def _item_created(fields: _Fields) -> ServerEvent:
    return protocol.ItemCreated(
        fields.within("item").text("id"), fields.optional("previous_item_id")
    )


def _response_created(fields: _Fields) -> ServerEvent:
    return protocol.ResponseCreated(fields.within("response").text("id"))


def _output_item_added(fields: _Fields) -> ServerEvent:
    return protocol.OutputItemAdded(fields.text("response_id"), fields.within("item").text("id"))


def _translation_text(fields: _Fields) -> ServerEvent:
    return protocol.TranslationText(
        fields.text("response_id"),
        fields.lenient("item_id"),
        fields.lenient("text") + fields.lenient("stash"),
        append=False,
    )


def _translation_delta(fields: _Fields) -> ServerEvent:
    return protocol.TranslationText(
        fields.text("response_id"), fields.lenient("item_id"), fields.text("delta"), append=True
    )


def _text_done(fields: _Fields) -> ServerEvent:
    return protocol.TranslationDone(
        fields.text("response_id"), fields.lenient("item_id"), fields.lenient("text")
    )


def _transcript_done(fields: _Fields) -> ServerEvent:
    return protocol.TranslationDone(
        fields.text("response_id"), fields.lenient("item_id"), fields.lenient("transcript")
    )


def _voice_delta(fields: _Fields) -> ServerEvent:
    try:
        pcm = binascii.a2b_base64(fields.text("delta"), strict_mode=True)
    except ValueError as error:
        raise ProtocolError("response.audio.delta: delta is no base64.") from error
    if pcm[:4] == b"RIFF" and pcm[8:12] == b"WAVE":
        pcm = pcm[_RIFF_HEADER:]
    return protocol.VoiceDelta(fields.text("response_id"), pcm)


def _voice_done(fields: _Fields) -> ServerEvent:
    return protocol.VoiceDone(fields.text("response_id"))


def _response_done(fields: _Fields) -> ServerEvent:
    response = fields.within("response")
    text = "".join(
        part.lenient("transcript") or part.lenient("text")
        for item in response.each("output")
        for part in item.each("content")
    )
    usage = None
    if response.has("usage"):
        counts = response.within("usage")
        usage = protocol.TokenCount(
            counts.number("input_tokens") or 0,
            counts.number("output_tokens") or 0,
            _voice_tokens(counts),
        )
    return protocol.ResponseDone(response.text("id"), text, usage)


def _voice_tokens(counts: _Fields) -> int:
    if not counts.has("output_tokens_details"):
        return 0
    return counts.within("output_tokens_details").number("audio_tokens") or 0


_TRANSCRIPTION: Final = "conversation.item.input_audio_transcription"
_READERS: Final[Mapping[str, Callable[[_Fields], ServerEvent]]] = {
    "error": _error,
    "session.created": _session_created,
    "session.updated": lambda _: protocol.SessionUpdated(),
    "session.finished": lambda _: protocol.SessionFinished(),
    "input_audio_buffer.speech_started": _speech_started,
    "input_audio_buffer.speech_stopped": _speech_stopped,
    f"{_TRANSCRIPTION}.text": _source_text,
    f"{_TRANSCRIPTION}.delta": _source_delta,
    f"{_TRANSCRIPTION}.completed": _source_completed,
    f"{_TRANSCRIPTION}.failed": _source_failed,
    "conversation.item.created": _item_created,
    "response.created": _response_created,
    "response.output_item.added": _output_item_added,
    "response.text.text": _translation_text,
    "response.text.delta": _translation_delta,
    "response.text.done": _text_done,
    "response.audio_transcript.text": _translation_text,
    "response.audio_transcript.delta": _translation_delta,
    "response.audio_transcript.done": _transcript_done,
    "response.audio.delta": _voice_delta,
    "response.audio.done": _voice_done,
    "response.done": _response_done,
}
