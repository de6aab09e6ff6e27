"""A session's utterances: when each is looked at, and in which order they are told.

While someone speaks, a guess is made of all they said so far, quickly and at a low priority. At a
pause of 200 ms the final is begun: mostly it is ready when the silence that ends a turn is full,
and it is thrown away when the speech goes on.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from bot.engine.catalogue import LiveModel
from bot.engine.models.interpreter import Interpretation, SpeechInterpreter
from bot.engine.ports import SPEECH_RATE, HeardSpeech
from bot.engine.scheduler import Priority, Scheduler
from bot.engine.session.ears import Ears
from bot.engine.session.endpoint import Boundary, Paused, Resumed, Started, Stopped
from bot.engine.session.identifiers import new_id
from bot.engine.session.response import Emit, Response
from bot.engine.session.settings import RequestedSettings
from bot.engine.session.turn import EngineTurn, Job
from bot.engine.session.usage import TokenMeter
from bot.errors import EngineError
from bot.logs import get_logger
from bot.tasks import TaskOwner

log = get_logger(__name__)

MAX_UNFINISHED = 8

_FIRST_GUESS = int(0.8 * SPEECH_RATE)
_SOON_GUESS = int(0.4 * SPEECH_RATE)  # while nothing could be shown yet
_NEXT_GUESS = int(0.7 * SPEECH_RATE)


class EngineTurns:
    """Follows the boundaries of speech and emits what each utterance becomes.

    Args:
        session: Identifier, for the scheduler.
        model: The model, which decides the dialect.
        ears: Where the sound is.
        interpreter: Does the work, on the scheduler's threads.
        scheduler: Runs recognition and translation.
        tasks: Owns what waits for the work.
        emit: Takes the events.
        told: Called with "started" or "stopped" and the position in milliseconds.
    """

    def __init__(
        self,
        *,
        session: str,
        model: LiveModel,
        ears: Ears,
        interpreter: SpeechInterpreter,
        scheduler: Scheduler,
        tasks: TaskOwner,
        emit: Emit,
        told: Callable[[str, int], None],
    ) -> None:
        self._session = session
        self._model = model
        self._ears = ears
        self._interpreter = interpreter
        self._scheduler = scheduler
        self._tasks = tasks
        self._emit = emit
        self._told = told
        self._conversation = new_id("conv")
        self._meter = TokenMeter(model)
        self._now: EngineTurn | None = None
        self._last: EngineTurn | None = None
        self._language: str | None = None
        self._unfinished: deque[EngineTurn] = deque()

    @property
    def speaking(self) -> bool:
        """Whether an utterance is going on."""
        return self._now is not None

    async def room(self) -> None:
        """Wait until a further utterance may come; the bound on work that a client can pile up."""
        while len(self._unfinished) >= MAX_UNFINISHED:
            await self._unfinished[0].done.wait()

    async def drained(self) -> None:
        """Wait until everything about the utterances that have ended is out."""
        while self._unfinished:
            await self._unfinished[0].done.wait()

    def follow(self, boundary: Boundary, settings: RequestedSettings) -> None:
        """Take the next boundary of speech."""
        match boundary:
            case Started():
                self._start(boundary, settings)
            case Paused() if self._now is not None:
                self._begin_final(self._now, boundary.sample)
            case Resumed() if self._now is not None:
                self._now.drop_early()
            case Stopped() if self._now is not None:
                self._stop(self._now, boundary)

    def look(self) -> None:
        """Make a guess of the speech that goes on, when it is time for one."""
        turn = self._now
        if turn is None or turn.early is not None or turn.guess is not None or not turn.may_show:
            return
        wait = _NEXT_GUESS if turn.response.shown else _SOON_GUESS if turn.guesses else _FIRST_GUESS
        if self._ears.position - turn.looked < wait:
            return
        turn.guesses += 1
        turn.looked = self._ears.position
        turn.guess = self._submit(turn, self._ears.cut(turn.begin), Priority.INTERIM)
        self._tasks.start(self._show(turn, turn.guess), "guess")

    def drop(self) -> None:
        """Forget the utterance that goes on, as though it had not been heard.

        What was already shown of it is closed by an empty response.
        """
        turn, self._now = self._now, None
        if turn is None:
            return
        turn.drop_guess()
        turn.drop_early()
        nothing: Job = asyncio.get_running_loop().create_future()
        nothing.set_result(Interpretation("", None, ""))
        self._finish(turn, nothing, 0)

    def abandon(self) -> None:
        """Cancel what waits, as the client is gone."""
        for turn in self._unfinished:
            turn.drop_guess()
            turn.drop_early()

    def commit(self, begin: int, settings: RequestedSettings) -> None:
        """Take all the sound from a position as an utterance that has ended."""
        turn = self._turn(begin, settings)
        job = self._submit(turn, self._ears.cut(begin), Priority.FINAL)
        self._finish(turn, job, self._ears.position - begin)

    def _turn(self, begin: int, settings: RequestedSettings) -> EngineTurn:
        response = Response(self._model, settings, self._conversation, self._emit)
        turn = EngineTurn(begin, settings, response, begin, before=self._last)
        self._last = turn
        self._unfinished.append(turn)
        return turn

    def _start(self, boundary: Started, settings: RequestedSettings) -> None:
        turn = self._now = self._turn(self._ears.begin_of(boundary), settings)
        turn.looked = boundary.sample
        at = boundary.sample * 1000 // SPEECH_RATE
        self._told("started", at)
        turn.response.speech_started(at)

    def _begin_final(self, turn: EngineTurn, end: int) -> None:
        turn.drop_guess()
        turn.drop_early()
        sound = self._ears.cut(turn.begin, self._ears.end_of(end))
        job = self._submit(turn, sound, Priority.EARLY)
        turn.early = (end, job)
        self._tasks.start(self._show(turn, job), "early")

    def _stop(self, turn: EngineTurn, boundary: Stopped) -> None:
        self._now = None
        at = boundary.sample * 1000 // SPEECH_RATE
        self._told("stopped", at)
        self._emit({"type": "input_audio_buffer.speech_stopped", "audio_end_ms": at})
        turn.drop_guess()
        job = turn.take_early(boundary.sample)
        if job is None:
            sound = self._ears.cut(turn.begin, self._ears.end_of(boundary.sample))
            job = self._submit(turn, sound, Priority.FINAL)
        else:
            self._scheduler.raise_priority(job, Priority.FINAL)
        self._finish(turn, job, boundary.sample - turn.begin)

    def _submit(self, turn: EngineTurn, pcm: bytes, priority: Priority) -> Job:
        settings = turn.settings
        thorough = priority is not Priority.INTERIM
        hearing = HeardSpeech(
            pcm,
            settings.source_language,
            turn.language or self._language,
            settings.target,
            thorough,
        )
        voice = settings.voice if settings.audio and thorough else None
        try:
            return self._scheduler.submit(
                lambda: self._interpreter.interpret(hearing, voice), priority, self._session
            )
        except EngineError as error:
            refused: Job = asyncio.get_running_loop().create_future()
            refused.set_exception(error)
            return refused

    async def _show(self, turn: EngineTurn, job: Job) -> None:
        """Show what a job made of a turn that goes on; what was dropped meanwhile is not shown."""
        await asyncio.wait((job,))
        if turn.guess is job:
            turn.guess = None
        if job.cancelled() or job.exception() is not None:
            return  # the final tells of a failure: it meets the same one, or succeeds
        current = self._now is turn and (turn.early is None or turn.early[1] is job)
        if current and turn.may_show:
            found = job.result()
            turn.language = found.language or turn.language
            turn.response.interim(found)

    def _finish(self, turn: EngineTurn, job: Job, samples: int) -> None:
        self._tasks.start(self._complete(turn, job, samples), "final")

    async def _complete(self, turn: EngineTurn, job: Job, samples: int) -> None:
        try:
            await asyncio.wait((job,))
            if turn.before is not None:
                await turn.before.done.wait()
                turn.before = None  # else every turn would hold all those before it
            try:
                found = job.result()
            except EngineError as error:
                self._fail(turn, error.message, samples)
            except Exception:  # a part's own; the session goes on
                log.exception("an engine failed")
                self._fail(turn, "InternalError: an engine failed.", samples)
            else:
                self._tell(turn, found, samples)
        finally:
            job.cancel()  # without effect unless the client is gone before it was done
            turn.done.set()
            self._unfinished.remove(turn)

    def _tell(self, turn: EngineTurn, found: Interpretation, samples: int) -> None:
        self._language = found.language or self._language
        usage = self._meter.response(samples, found.translation, len(found.voice) // 2)
        turn.response.finish(found, usage)

    def _fail(self, turn: EngineTurn, message: str, samples: int) -> None:
        turn.response.fail("COMMON_ERROR", message, self._meter.response(samples, "", 0))
