"""The events of one utterance: its source text and its response, in the order of the service.

A response is opened by the first text, or at the end where there was none before; then texts,
voice, and the events that close what was opened, from the inside out.
"""

import base64
from collections.abc import Callable
from typing import Any

from bot.engine.catalogue import EngineDialect, LiveModel
from bot.engine.models.interpreter import Interpretation
from bot.engine.models.stability import Stability
from bot.engine.ports import VOICE_RATE
from bot.engine.session.identifiers import new_id
from bot.engine.session.settings import RequestedSettings

Emit = Callable[[dict[str, Any]], None]

_VOICE_CHUNK = VOICE_RATE * 2 * 200 // 1000  # bytes in 200 ms


class Response:
    """Emits the events of one utterance.

    Args:
        model: The model, which decides the dialect.
        settings: The settings as they were when the utterance began.
        conversation: Identifier of the session's conversation.
        emit: Takes the events; gives each its identifier.
    """

    def __init__(
        self, model: LiveModel, settings: RequestedSettings, conversation: str, emit: Emit
    ) -> None:
        self._model = model
        self._settings = settings
        self._conversation = conversation
        self._emit = emit
        self._replaces = model.dialect is EngineDialect.FLAT
        self._kind = "audio_transcript" if settings.audio else "text"
        self._id = new_id("resp")
        self._item = new_id("item_translation")
        self._source_item = new_id("item_asr")
        self._translated = Stability()
        self._heard = Stability()
        self._last = Interpretation("", None, "")
        self._opened = False
        self.shown = False

    def speech_started(self, at: int) -> None:
        """Tell that the speech began, at this millisecond of the session's sound."""
        event: dict[str, Any] = {
            "type": "input_audio_buffer.speech_started",
            "audio_start_ms": at,
        }
        if not self._replaces:
            event |= {"item_id": self._source_item, "speaker_id": 0}
        self._emit(event)

    def interim(self, guess: Interpretation) -> None:
        """Show a guess; the response is opened by the first that has text."""
        if not guess.source:
            return
        self._last = guess
        if self._settings.source_text:
            self._source_interim(guess)
        if guess.translation:
            self._open()
            self._translation_interim(guess.translation)

    def finish(self, found: Interpretation, usage: dict[str, object]) -> None:
        """Say the whole and close.

        Where at last nothing was recognised, what had been shown stands.
        """
        if not found.source and self._last.source:
            found = self._last
        self._open()
        text = found.translation
        failed = found.problem is not None and not text
        if failed and found.problem is not None:
            self._emit(error_event(found.problem.code, found.problem.message, "server_error"))
        else:
            self._say(text, found.voice)
            if found.problem is not None:
                self._emit(error_event(found.problem.code, found.problem.message, "server_error"))
        content = self._content(text)
        status = "failed" if failed else "completed"
        self._emit(self._at("response.content_part.done", part=self._part(text)))
        self._emit(
            {
                "type": "response.output_item.done",
                "response_id": self._id,
                "output_index": 0,
                "item": self._output_item(
                    "incomplete" if failed else "completed", [self._part(text)]
                ),
            }
        )
        self._source_final(found)
        self._emit({"type": "response.done", "response": self._summary(status, content, usage)})

    def fail(self, code: str, message: str, usage: dict[str, object]) -> None:
        """Close without a result, the engine having failed.

        The source text is closed as failed too, where one is due.
        """
        self._open()
        self._emit(error_event(code, message, "server_error"))
        if self._settings.source_text:
            self._emit(
                self._source("failed", error={"code": code, "message": message, "param": None})
            )
        content = self._content(self._last.translation)
        self._emit({"type": "response.done", "response": self._summary("failed", content, usage)})

    def _source_interim(self, guess: Interpretation) -> None:
        fresh = self._heard.hear(guess.source)
        if self._replaces:
            stable, rest = self._heard.split(guess.source)
            self._emit(
                self._source(
                    "text", text=stable, stash=rest, language=guess.language, emotion="neutral"
                )
            )
        elif fresh:
            self._emit(self._source("delta", delta=fresh))

    def _source_final(self, found: Interpretation) -> None:
        if not self._settings.source_text:
            return
        fresh = self._heard.settle(found.source)
        if fresh and not self._replaces:
            self._emit(self._source("delta", delta=fresh))
        self._emit(
            self._source("completed", transcript=found.source, language=found.language, emotion="")
        )

    def _translation_interim(self, text: str) -> None:
        fresh = self._translated.hear(text)
        self.shown = self.shown or self._replaces or bool(fresh)
        if self._replaces:
            stable, rest = self._translated.split(text)
            self._emit(self._at(f"response.{self._kind}.text", text=stable, stash=rest))
        elif fresh:
            self._emit(self._at(f"response.{self._kind}.delta", delta=fresh))

    def _say(self, text: str, voice: bytes) -> None:
        fresh = self._translated.settle(text)
        if self._replaces and text:
            self._emit(self._at(f"response.{self._kind}.text", text=text, stash=""))
        elif fresh:
            self._emit(self._at(f"response.{self._kind}.delta", delta=fresh))
        for start in range(0, len(voice), _VOICE_CHUNK):
            chunk = base64.b64encode(voice[start : start + _VOICE_CHUNK]).decode()
            self._emit(self._at("response.audio.delta", delta=chunk))
        if self._settings.audio:
            self._emit(self._at("response.audio_transcript.done", transcript=text))
            self._emit(self._at("response.audio.done"))
        else:
            self._emit(self._at("response.text.done", text=text))

    def _open(self) -> None:
        if self._opened:
            return
        self._opened = True
        self._emit({"type": "response.created", "response": self._summary("in_progress")})
        self._emit(
            {
                "type": "response.output_item.added",
                "response_id": self._id,
                "output_index": 0,
                "item": self._output_item("in_progress", []),
            }
        )
        if self._replaces:
            self._emit(
                {
                    "type": "conversation.item.created",
                    "previous_item_id": self._source_item,
                    "item": self._output_item("in_progress", []),
                }
            )
        self._emit(self._at("response.content_part.added", part=self._part("")))

    def _at(self, kind: str, **values: Any) -> dict[str, Any]:
        return {
            "type": kind,
            "response_id": self._id,
            "item_id": self._item,
            "output_index": 0,
            "content_index": 0,
            **values,
        }

    def _source(self, kind: str, **values: Any) -> dict[str, Any]:
        return {
            "type": f"conversation.item.input_audio_transcription.{kind}",
            "item_id": self._source_item,
            "content_index": 0,
            **values,
        }

    def _part(self, text: str) -> dict[str, str]:
        return {"type": "audio" if self._settings.audio else "text", "text": text}

    def _content(self, text: str) -> dict[str, str]:
        if self._settings.audio:
            return {"type": "audio", "transcript": text}
        return {"type": "text", "text": text}

    def _output_item(self, status: str, content: list[dict[str, str]]) -> dict[str, Any]:
        return {
            "id": self._item,
            "object": "realtime.item",
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        }

    def _summary(
        self,
        status: str,
        content: dict[str, str] | None = None,
        usage: dict[str, object] | None = None,
    ) -> dict[str, Any]:
        item_status = "completed" if status == "completed" else "incomplete"
        summary = {
            "id": self._id,
            "object": "realtime.response",
            "conversation_id": self._conversation,
            "status": status,
            "modalities": self._settings.modalities,
            "voice": self._settings.voice,
            "output_audio_format": "pcm",
            "output": [] if content is None else [self._output_item(item_status, [content])],
        }
        return summary if usage is None else {**summary, "usage": usage}


def error_event(
    code: str, message: str, kind: str = "invalid_request_error", param: str | None = None
) -> dict[str, Any]:
    """Return an `error` event."""
    error = {"type": kind, "code": code, "message": message}
    return {"type": "error", "error": error if param is None else {**error, "param": param}}
