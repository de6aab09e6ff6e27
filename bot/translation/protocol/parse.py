"""A decoded JSON message of the service -> a value of `server_events`, or ProtocolError.

A field that makes no sense is passed over where the rest of its message is of use without it.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

import pybase64

from bot.errors import ProtocolError
from bot.translation.protocol import bounds, server_events
from bot.translation.protocol.bounds import Exceeded, Excess
from bot.translation.protocol.server_events import Outcome, ServerEvent

_RIFF_HEADER: Final = 44  # bytes; the vendor's example of a voice delta begins with one
_MOST: Final = 1e12  # of any number: milliseconds of 30 years
_OUTCOMES: Final = {
    "failed": Outcome.FAILED,
    "incomplete": Outcome.CUT,
    "cancelled": Outcome.CUT,
}


def parse(message: object, excess: Excess | None = None) -> ServerEvent:
    """Read one message and return its event.

    Args:
        message: Decoded from JSON.
        excess: Told of fields that were passed over.

    Raises:
        ProtocolError: It is no object, has no type, or lacks a field without which it says
            nothing. The error names the field and never quotes the content.
    """
    if not isinstance(message, dict):
        raise ProtocolError("A message is no JSON object.")
    excess = excess or Excess()
    kind = message.get("type")
    if kind is None and "code" in message:
        return _error_at_top(_Fields(message, "error", excess))
    if not isinstance(kind, str):
        raise ProtocolError("A message has no type.")
    reader = _READERS.get(kind)
    if reader is None:
        return server_events.Unused(kind[: bounds.ID_CHARS])
    return reader(_Fields(message, kind, excess))


class _Fields:
    """Typed access to an event's fields."""

    def __init__(self, values: Mapping[str, Any], kind: str, excess: Excess) -> None:
        self._values = values
        self._kind = kind
        self._excess = excess

    def text(self, key: str) -> str:
        """Return a text without which the message says nothing."""
        value = self._values.get(key)
        if not isinstance(value, str):
            raise ProtocolError(f"{self._kind}: {key} is no text.")
        return readable(value)

    def base64(self, key: str) -> bytes:
        """Return bytes without which the message says nothing, decoded."""
        value = self._values.get(key)
        if not isinstance(value, str):
            raise ProtocolError(f"{self._kind}: {key} is no text.")
        try:
            return pybase64.b64decode(value, validate=True)
        except ValueError as error:
            raise ProtocolError(f"{self._kind}: {key} is no base64.") from error

    def lenient(self, key: str, most: int = bounds.MESSAGE_BYTES) -> str:
        """Return at most `most` characters of a text, or "" when it is missing."""
        value = self._values.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            self._excess.note(Exceeded.FIELD)
            return ""
        return readable(value[:most])

    def code(self, key: str) -> str:
        """Return a code, given by name or by number, as a text."""
        value = self._values.get(key)
        if isinstance(value, int):
            return str(value)[: bounds.ID_CHARS]
        return self.lenient(key, bounds.ERROR_CHARS)

    def id(self, key: str) -> str:
        """Return an id without which nobody knows what the message is about."""
        name = self.text(key)
        if len(name) > bounds.ID_CHARS:
            raise ProtocolError(f"{self._kind}: {key} is no id.")
        return name

    def optional_id(self, key: str) -> str | None:
        """Return an id, or None when it is missing."""
        return self._short(key, bounds.ID_CHARS)

    def language(self) -> str | None:
        """Return the name of the language, or None when it is missing."""
        return self._short("language", bounds.LANGUAGE_CHARS)

    def _short(self, key: str, most: int) -> str | None:
        value = self._values.get(key)
        if value is None or (isinstance(value, str) and len(value) <= most):
            return value if value is None else readable(value)
        self._excess.note(Exceeded.FIELD)
        return None

    def number(self, key: str) -> int | None:
        """Return a count or a time, or None when it is missing or makes no sense."""
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _MOST:
            self._excess.note(Exceeded.FIELD)
            return None
        return int(value)

    def within(self, key: str) -> "_Fields":
        value = self._values.get(key)
        if not isinstance(value, dict):
            raise ProtocolError(f"{self._kind}: {key} is no object.")
        return _Fields(value, f"{self._kind}.{key}", self._excess)

    def optional_within(self, key: str) -> "_Fields | None":
        value = self._values.get(key)
        if value is None or isinstance(value, dict):
            return None if value is None else self.within(key)
        self._excess.note(Exceeded.FIELD)
        return None

    def each(self, key: str) -> "Iterator[_Fields]":
        value = self._values.get(key)
        if value is None:
            return
        if not isinstance(value, list):
            self._excess.note(Exceeded.FIELD)
            return
        for part in islice(value, bounds.PARTS):
            if isinstance(part, dict):
                yield _Fields(part, f"{self._kind}.{key}", self._excess)


def readable(text: str) -> str:
    """Return a text without lone surrogates, which can't be encoded."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _error_at_top(fields: _Fields) -> ServerEvent:
    return server_events.ServerError(fields.code("code"), _words(fields, "message"), param=None)


def _error(fields: _Fields) -> ServerEvent:
    inner = fields.optional_within("error") or fields
    kind = inner.code("type") if inner is not fields else ""
    code = inner.code("code") or inner.code("type")
    param = inner.optional_id("param") or None
    return server_events.ServerError(code, _words(inner, "message"), param, kind)


def _words(fields: _Fields, key: str) -> str:
    return fields.lenient(key, bounds.ERROR_CHARS)


def _session_created(fields: _Fields) -> ServerEvent:
    session = fields.optional_within("session")
    return server_events.SessionCreated("" if session is None else session.optional_id("id") or "")


def _speech_started(fields: _Fields) -> ServerEvent:
    return server_events.SpeechStarted(
        fields.number("audio_start_ms"), fields.optional_id("item_id")
    )


def _speech_stopped(fields: _Fields) -> ServerEvent:
    return server_events.SpeechStopped(fields.number("audio_end_ms"), fields.optional_id("item_id"))


def _source_text(fields: _Fields) -> ServerEvent:
    return server_events.SourceText(
        fields.id("item_id"),
        fields.lenient("text") + fields.lenient("stash"),
        append=False,
        language=fields.language(),
    )


def _source_delta(fields: _Fields) -> ServerEvent:
    return server_events.SourceText(
        fields.id("item_id"),
        fields.text("delta"),
        append=True,
        language=fields.language(),
    )


def _source_completed(fields: _Fields) -> ServerEvent:
    return server_events.SourceDone(
        fields.id("item_id"), fields.lenient("transcript"), fields.language()
    )


def _source_failed(fields: _Fields) -> ServerEvent:
    item_id = fields.optional_id("item_id") or ""
    error = fields.optional_within("error")
    if error is None:
        return server_events.SourceFailed(item_id, "")
    return server_events.SourceFailed(item_id, error.code("code"), _words(error, "message"))


def _item_created(fields: _Fields) -> ServerEvent:
    return server_events.ItemCreated(
        fields.within("item").id("id"), fields.optional_id("previous_item_id")
    )


def _response_created(fields: _Fields) -> ServerEvent:
    return server_events.ResponseCreated(fields.within("response").id("id"))


def _output_item_added(fields: _Fields) -> ServerEvent:
    return server_events.OutputItemAdded(fields.id("response_id"), fields.within("item").id("id"))


def _translation_text(fields: _Fields) -> ServerEvent:
    return server_events.TranslationText(
        fields.id("response_id"),
        fields.optional_id("item_id") or "",
        fields.lenient("text") + fields.lenient("stash"),
        append=False,
    )


def _translation_delta(fields: _Fields) -> ServerEvent:
    return server_events.TranslationText(
        fields.id("response_id"),
        fields.optional_id("item_id") or "",
        fields.text("delta"),
        append=True,
    )


def _text_done(fields: _Fields) -> ServerEvent:
    return server_events.TranslationDone(
        fields.id("response_id"), fields.optional_id("item_id") or "", fields.lenient("text")
    )


def _transcript_done(fields: _Fields) -> ServerEvent:
    return server_events.TranslationDone(
        fields.id("response_id"), fields.optional_id("item_id") or "", fields.lenient("transcript")
    )


def _voice_delta(fields: _Fields) -> ServerEvent:
    pcm = fields.base64("delta")
    if pcm[:4] == b"RIFF" and pcm[8:12] == b"WAVE":
        pcm = pcm[_RIFF_HEADER:]
    return server_events.VoiceDelta(fields.id("response_id"), pcm)


def _voice_done(fields: _Fields) -> ServerEvent:
    return server_events.VoiceDone(fields.id("response_id"))


def _response_done(fields: _Fields) -> ServerEvent:
    response = fields.within("response")
    items = [*response.each("output")]
    text = "".join(
        part.lenient("transcript") or part.lenient("text")
        for item in items
        for part in item.each("content")
    )
    usage = response.optional_within("usage")
    outcome = _OUTCOMES.get(response.code("status"), Outcome.WHOLE)
    if outcome is Outcome.WHOLE and any(item.code("status") == "incomplete" for item in items):
        outcome = Outcome.CUT
    return server_events.ResponseDone(
        response.id("id"), text, None if usage is None else _token_count(usage), outcome
    )


def _token_count(counts: _Fields) -> server_events.TokenCount | None:
    """Return what was counted; None where a part makes no sense, as half of it would mislead."""
    tokens_in, tokens_out = counts.number("input_tokens"), counts.number("output_tokens")
    if tokens_in is None or tokens_out is None:
        return None
    details = counts.optional_within("output_tokens_details")
    voice = None if details is None else details.number("audio_tokens")
    return server_events.TokenCount(tokens_in, tokens_out, min(voice or 0, tokens_out))


_TRANSCRIPTION: Final = "conversation.item.input_audio_transcription"
_READERS: Final[Mapping[str, Callable[[_Fields], ServerEvent]]] = {
    "error": _error,
    "session.created": _session_created,
    "session.updated": lambda _: server_events.SessionUpdated(),
    "session.finished": lambda _: server_events.SessionFinished(),
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
