"""Keeps the bot's own voice out of what a room hears, between the voice link and the room."""

from collections.abc import Callable, Sequence
from typing import Final

from bot.domain.echo import echo_notice
from bot.domain.events import Member, Speech
from bot.domain.ports import Listener
from bot.voice.echo.guard import EchoGuard, Passed
from bot.voice.echo.played import PlayedVoice

_APART_S: Final = 1.0  # speech that comes later than this does not follow on what was before


class EchoListener:
    """A Listener that passes on what members say, and not what their loudspeakers return.

    A member whose microphone returns the bot's voice is told once how to stop that.

    Args:
        inner: Hears the rest.
        played: What the bot plays in the channel.
        members: Who is there.
        own: Told of all speech that is passed on, before it is.
    """

    def __init__(
        self,
        inner: Listener,
        played: PlayedVoice,
        members: Callable[[], Sequence[Member]],
        own: Callable[[Speech], None] = lambda _: None,
    ) -> None:
        self._inner = inner
        self._played = played
        self._members = members
        self._own = own
        self._guards: dict[int, EchoGuard] = {}  # of those who spoke while something was played
        self._fed_at: dict[int, float] = {}
        self._speaking: set[int] = set()  # of the others
        self._told: set[int] = set()

    def heard(self, speech: Speech) -> None:
        """Pass on what is the member's own."""
        user_id = speech.user_id
        guard = self._guards.get(user_id)
        if guard is None or not guard.busy:
            if not self._played.returns(speech.at):
                self._speaking.add(user_id)
                self._hand_on(speech)
                return
            if guard is None:
                guard = self._guards[user_id] = EchoGuard(self._played)
            if user_id in self._speaking:
                self._speaking.discard(user_id)
                guard.speaks()
        elif speech.at - self._fed_at[user_id] > _APART_S:
            self._pass(user_id, guard.finish(), self._fed_at[user_id])
        self._fed_at[user_id] = speech.at
        self._pass(user_id, guard.feed(speech.pcm, speech.at), speech.at)
        if guard.sure and user_id not in self._told:
            self._tell(user_id)

    def fell_silent(self, user_id: int, at: float) -> None:
        """Pass it on, unless all since the last time was an echo."""
        guard = self._guards.get(user_id)
        if guard is None or user_id in self._speaking:
            self._speaking.discard(user_id)
            self._inner.fell_silent(user_id, at)
        else:
            self._pass(user_id, guard.finish(), at)

    def joined(self, member: Member) -> None:
        """Pass it on."""
        self._inner.joined(member)

    def left(self, user_id: int) -> None:
        """Pass it on, after the last speech."""
        last_at = self._fed_at.pop(user_id, 0.0)
        self._speaking.discard(user_id)
        if (guard := self._guards.pop(user_id, None)) is not None:
            self._pass(user_id, guard.finish(), last_at)
        self._inner.left(user_id)

    def keep(self, user_ids: frozenset[int]) -> None:
        """Forget what is held back of anybody else: they are not heard any more."""
        for user_id in set(self._guards) - user_ids:
            del self._guards[user_id]
            self._fed_at.pop(user_id, None)

    def noticed(self, code: str, text: str) -> None:
        """Pass it on."""
        self._inner.noticed(code, text)

    def lost(self, reason: str) -> None:
        """Pass it on."""
        self._inner.lost(reason)

    # Inside

    def _tell(self, user_id: int) -> None:
        for member in self._members():
            if member.id == user_id:
                self._told.add(user_id)
                self._inner.noticed(*echo_notice(member))

    def _pass(self, user_id: int, passed: list[Passed | None], at: float) -> None:
        for one in passed:
            if one is None:
                self._inner.fell_silent(user_id, at)
            else:
                self._hand_on(Speech(user_id, one.pcm, one.at))

    def _hand_on(self, speech: Speech) -> None:
        self._own(speech)
        self._inner.heard(speech)
