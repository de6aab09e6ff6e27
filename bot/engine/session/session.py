"""One session: the client's events in, the service's events out."""

import asyncio
import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from bot.clock import Clock, Timer
from bot.engine.catalogue import EngineDialect, LiveModel
from bot.engine.models.interpreter import SpeechInterpreter
from bot.engine.ports import SPEECH_RATE, SpeechDetector
from bot.engine.scheduler import Scheduler
from bot.engine.session import flat, nested
from bot.engine.session.ears import Ears
from bot.engine.session.endpoint import Boundary
from bot.engine.session.identifiers import new_id
from bot.engine.session.response import Emit, error_event
from bot.engine.session.settings import SettingRefusedError, VoiceRefusedError
from bot.engine.session.turns import EngineTurns
from bot.engine.trace import Trace
from bot.tasks import TaskOwner

_MAX_MANUAL_S = 120  # of sound that waits for a commit
_MAX_IMAGE = 500_000  # bytes
_TIMEOUT = (
    "grpc error: statusCode=504, message=Response stream timeout (timeout_seconds={seconds:.0f})"
)

Close = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all sessions of an engine share.

    Attributes:
        detector: Finds speech.
        ears: Threads for the detector.
        interpreter: Understands it.
        scheduler: Threads for the interpreter.
        clock: Times how long nobody has spoken.
        trace: Writes measurements down.
        idle_s: Seconds without speech after which a session ends.
    """

    detector: SpeechDetector
    ears: Executor
    interpreter: SpeechInterpreter
    scheduler: Scheduler
    clock: Clock
    trace: Trace
    idle_s: float


class EngineSession:
    """Follows the protocol for one client; knows nothing of sockets.

    Args:
        model: The one in the client's address.
        workshop: The engines.
        emit: Takes events, at once and in order.
        close: Ends the connection with a code and a reason.
    """

    def __init__(self, model: LiveModel, workshop: Workshop, emit: Emit, close: Close) -> None:
        self.id = new_id("sess")
        self._model = model
        self._workshop = workshop
        self._send = emit
        self._close = close
        self._dialect = flat if model.dialect is EngineDialect.FLAT else nested
        self._settings = self._dialect.defaults(model)
        self._ears = Ears(workshop.detector, self._settings)
        self._tasks = TaskOwner(self.id)
        self._turns = EngineTurns(
            session=self.id,
            model=model,
            ears=self._ears,
            interpreter=workshop.interpreter,
            scheduler=workshop.scheduler,
            tasks=self._tasks,
            emit=self._emit,
            told=lambda kind, at: workshop.trace.boundary(kind, self.id, at),
        )
        self._heard = False
        self._finished = False
        self._active_at = workshop.clock.now()
        self._idle: Timer | None = None
        self._handlers: dict[str, Callable[[dict[str, Any]], Awaitable[None]]] = {
            "session.update": self._update,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "input_image_buffer.append": self._image,
            "session.finish": self._finish,
        }

    def open(self) -> None:
        """Send session.created, and end the session when nobody speaks for too long."""
        self._emit({"type": "session.created", "session": self._shown()})
        self._watch()

    async def receive(self, raw: str) -> None:
        """Take one message; a bad one is answered by an `error` event and changes nothing."""
        try:
            event = _parsed(raw)
            await self._handlers.get(event["type"], _unknown)(event)
        except SettingRefusedError as error:
            self._emit(error_event(error.wire_code, error.message, error.kind, error.param))
        except VoiceRefusedError as error:
            self._close(1011, error.message)

    async def close(self) -> None:
        """Let go of everything; nothing is emitted any more. Idempotent."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        self._turns.abandon()
        await self._tasks.close()

    def _emit(self, event: dict[str, Any]) -> None:
        self._send({"event_id": new_id("event"), **event})

    def _shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "realtime.session",
            "model": self._model.name,
            **self._dialect.shown(self._model, self._settings),
        }

    async def _update(self, event: dict[str, Any]) -> None:
        body = event.get("session")
        if not isinstance(body, dict):
            raise SettingRefusedError("Invalid session: an object is expected.", param="session")
        speakable = self._workshop.interpreter.speakable
        self._settings = self._dialect.updated(self._model, self._settings, body, speakable)
        self._follow(self._ears.configure(self._settings))
        self._emit({"type": "session.updated", "session": self._shown()})

    async def _append(self, event: dict[str, Any]) -> None:
        pcm = _sound(event)
        if self._finished:
            return  # as the service does: silently
        self._heard = True
        manual = self._settings.detection is None
        if manual and self._ears.kept + len(pcm) // 2 > _MAX_MANUAL_S * SPEECH_RATE:
            raise SettingRefusedError(
                f"The audio buffer is full: commit or clear it within {_MAX_MANUAL_S} s.",
                param="audio",
            )
        await self._turns.room()
        loop = asyncio.get_running_loop()
        self._workshop.trace.audio(self.id, pcm, self._ears.position)
        boundaries = await loop.run_in_executor(self._workshop.ears, self._ears.feed, pcm)
        self._follow(boundaries)
        self._turns.look()
        if manual or boundaries or self._turns.speaking:
            self._active_at = self._workshop.clock.now()
        if not manual and not self._turns.speaking:
            self._ears.forget()

    def _follow(self, boundaries: Sequence[Boundary]) -> None:
        for boundary in boundaries:
            self._turns.follow(boundary, self._settings)

    async def _commit(self, _event: dict[str, Any]) -> None:
        if self._settings.detection is not None:
            raise SettingRefusedError(
                "input_audio_buffer.commit is for turn_detection null.", param="turn_detection"
            )
        if not self._ears.kept:
            raise SettingRefusedError(
                "Error committing input audio buffer: the buffer is empty.",
                code="input_audio_buffer_commit_empty",
            )
        await self._turns.room()
        self._emit({"type": "input_audio_buffer.committed"})
        self._turns.commit(self._ears.position - self._ears.kept, self._settings)
        self._ears.clear()

    async def _clear(self, _event: dict[str, Any]) -> None:
        self._turns.drop()
        self._ears.restart()
        self._emit({"type": "input_audio_buffer.cleared"})

    async def _image(self, event: dict[str, Any]) -> None:
        """Check an image and drop it: no engine here looks at pictures."""
        image = event.get("image")
        if not isinstance(image, str) or len(image) * 3 // 4 > _MAX_IMAGE:
            raise SettingRefusedError(
                "Invalid image: base64 of at most 500 KB is expected.", param="image"
            )
        if not self._heard:
            raise SettingRefusedError("Append audio before the first image.", param="image")

    async def _finish(self, _event: dict[str, Any]) -> None:
        if self._finished:
            return
        self._finished = True
        self._follow(self._ears.stop())
        await self._turns.drained()
        self._emit({"type": "session.finished"})

    def _watch(self) -> None:
        """End the session when nobody has spoken for too long; pings do not count."""
        clock = self._workshop.clock
        due = self._active_at + self._workshop.idle_s
        if clock.now() < due:
            self._idle = clock.call_at(due, self._watch)
            return
        self._idle = None
        message = _TIMEOUT.format(seconds=self._workshop.idle_s)
        self._emit(error_event("UNEXPECTED_ASR_ERROR", message, "transcription_error"))
        self._close(1011, "Response stream timeout")


def _parsed(raw: str) -> dict[str, Any]:
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise SettingRefusedError("Invalid JSON.", code="invalid_json") from error
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise SettingRefusedError("Invalid event: an object with a type is expected.", param="type")
    return event


async def _unknown(event: dict[str, Any]) -> None:
    raise SettingRefusedError(f"Invalid event type: {event['type']!r}.", param="type")


def _sound(event: dict[str, Any]) -> bytes:
    audio = event.get("audio")
    if not isinstance(audio, str):
        raise SettingRefusedError("Invalid audio: base64 is expected.", param="audio")
    try:
        pcm = base64.b64decode(audio, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SettingRefusedError("Invalid audio: base64 is expected.", param="audio") from error
    if len(pcm) % 2:
        raise SettingRefusedError(
            "Invalid audio: PCM16 has whole samples of two bytes.", param="audio"
        )
    return pcm
