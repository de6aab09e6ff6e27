"""What members type, read aloud in the language that is spoken, and in those listened to.

A translation is read once it is final, in the voice in which the same member's speech is. Texts of
one member are read in the order in which they were typed. What can't be read is a caption only, and
the caption says so.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from bot.domain.events import (
    ConversationRequest,
    Failed,
    Usage,
    Voice,
    VoiceEnded,
    VoiceRequest,
)
from bot.domain.plan import RoomPlan
from bot.domain.ports import SpeechSynthesis
from bot.locks import KeyedLimit
from bot.room.metering import Metering
from bot.room.output import Output, Saying
from bot.room.spoken.casting import Casting
from bot.tasks import TaskOwner

_TURN: Final = 1  # each text is a visit of its own


class NoSynthesis:
    """A SpeechSynthesis that speaks nothing: what is typed is captions only."""

    def languages(self) -> frozenset[str]:
        """Return none."""
        return frozenset()

    def characters(self, text: str) -> int:
        """Return how long a text is."""
        return len(text)

    async def speak(
        self,
        request: VoiceRequest,  # noqa: ARG002 - as the port
        said: Callable[[bytes | Usage], None],  # noqa: ARG002
    ) -> Failed | None:
        """Do nothing."""
        return None


class TypedVoices:
    """Has the texts of one room's members read aloud.

    Args:
        synthesis: Reads aloud.
        output: Plays it.
        casting: Gives the members their voices.
        metering: Says what may be read.
        plan: Returns what the room is to do.
        cast: Called when a voice was given, as somebody else may have lost it.
    """

    def __init__(
        self,
        synthesis: SpeechSynthesis,
        output: Output,
        casting: Casting,
        metering: Metering,
        *,
        plan: Callable[[], RoomPlan],
        cast: Callable[[], None],
    ) -> None:
        self._synthesis = synthesis
        self._output = output
        self._casting = casting
        self._metering = metering
        self._plan = plan
        self._cast = cast
        self._turns = KeyedLimit()  # of a member and language: one text is read
        self._under_way: dict[Saying, set[asyncio.Task[None]]] = {}
        self._tasks = TaskOwner("typed voices")
        self._closed = False

    def read(self, typed: Saying, language: str, text: str) -> None:
        """Read a translation of what a member typed aloud, where somebody is to hear it."""
        if self._closed or not self._synthesis.languages() or not self._wanted(language):
            return
        if language not in self._synthesis.languages():
            self._output.leave_unspoken(typed, language, _TURN)
            return
        task = self._tasks.start(self._read(typed, language, text), f"read {typed.visit}")
        self._under_way.setdefault(typed, set()).add(task)
        task.add_done_callback(partial(self._over, typed))

    def _over(self, typed: Saying, task: asyncio.Task[None]) -> None:
        tasks = self._under_way.get(typed, set())
        tasks.discard(task)
        if not tasks:
            self._under_way.pop(typed, None)

    def _wanted(self, language: str) -> bool:
        plan = self._plan()
        return language == plan.spoken or language in plan.listened

    async def _read(self, typed: Saying, language: str, text: str) -> None:
        async with self._turns.of((typed.member.id, language)):
            wanted = ConversationRequest(typed.member.id, language, spoken=True)
            (cast,) = self._casting.cast([wanted])
            self._cast()
            if not cast.spoken or not self._wanted(language):
                return
            release = self._metering.reserve_voice(self._synthesis.characters(text))
            if release is None:
                self._output.leave_unspoken(typed, language, _TURN)
                return
            request = VoiceRequest(text, language, cast.voice, self._plan().guild_id)
            said = _Said(partial(self._output.said, typed, language))
            try:
                failed = await self._synthesis.speak(request, said)
            finally:
                release()
                self._output.said(typed, language, VoiceEnded(_TURN))
            if failed is not None:
                self._output.said(typed, language, failed)
                if not said.voiced:
                    self._output.leave_unspoken(typed, language, _TURN)

    def silence(self, user_id: int) -> None:
        """Read nothing more of what a member typed, at once."""
        for typed, tasks in self._under_way.items():
            if typed.member.id == user_id:
                for task in tasks:
                    task.cancel()

    async def close(self) -> None:
        """Read nothing more."""
        self._closed = True
        await self._tasks.close()


class _Said:
    """Passes on what comes of a text."""

    def __init__(self, tell: Callable[[Voice | Usage], None]) -> None:
        self._tell = tell
        self.voiced = False

    def __call__(self, what: bytes | Usage) -> None:
        if isinstance(what, bytes):
            self.voiced = True
            self._tell(Voice(_TURN, what))
        else:
            self._tell(what)
