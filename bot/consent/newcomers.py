"""Tells who enters a running room that it is one; once per person and room, many in one message.

Where consent is by announcement, this is what it hangs on: a person is heard `SAY_NO_S` after the
message that names them stands in the channel, and not at all while it does not.
"""

from collections.abc import Callable, Iterable
from typing import Final

from bot.clock import Alarm, Clock
from bot.consent.consent import Answer, Consent
from bot.domain.events import Member
from bot.domain.notices import Announce, Announcement
from bot.domain.stored import ConsentMode
from bot.errors import ChatError
from bot.logs import get_logger
from bot.tasks import TaskOwner

log = get_logger(__name__)

SAY_NO_S: Final = 10.0
_GATHER_S: Final = 2.0  # who enters within this time is named together
_APART_S: Final = 10.0  # between two messages
_RETRY_S: Final = 30.0  # after one that could not be written
_MOST: Final = 40  # people in one message; their mentions fit its 2,000 characters


class Newcomers:
    """Knows who of a room's people was told.

    Args:
        consent: The guild's consent.
        announce: Writes a message to newcomers.
        clock: Tells the time and calls back.
        readable: Whether a member can read the text channel; who can't is told as soon as they can.

    Attributes:
        posted: Called after each message that was posted.
        paused: Whether the room hears nobody until it goes on.
    """

    def __init__(
        self,
        consent: Consent,
        announce: Announce,
        clock: Clock,
        readable: Callable[[int], bool],
    ) -> None:
        self._consent = consent
        self._readable = readable
        self.posted: Callable[[], None] = lambda: None
        self.paused: Callable[[], bool] = lambda: False
        self._announce = announce
        self._clock = clock
        self._mode = consent.mode
        self._present: set[int] = set()
        self._waiting: dict[int, None] = {}  # in the order in which they came
        self._named: set[int] = set()
        self._saying_no: set[Alarm] = set()
        self._next = Alarm(clock, self._due)
        self._next_at = 0.0
        self._posting = False
        self._begun = False
        self._closed = False
        self._tasks = TaskOwner("newcomers")
        consent.told_nobody()
        self._stop_listening = consent.listen(self._changed)

    def begin(self, members: Iterable[Member]) -> None:
        """Note who is there as the room begins, here or elsewhere; nobody else is.

        With opt-in, the notice at the very beginning is for those who are there.
        """
        members = tuple(members)
        if not self._begun and self._mode is ConsentMode.OPT_IN:
            self._named |= {member.id for member in members if self._readable(member.id)}
        self._begun = True
        self._present.clear()
        self._waiting.clear()
        for member in members:
            self.entered(member)

    def entered(self, member: Member) -> None:
        """Record that a person is in the channel now."""
        self._present.add(member.id)
        self._expect(member.id)

    def left(self, user_id: int) -> None:
        """Record that a person left, before or after they were told."""
        self._present.discard(user_id)
        self._waiting.pop(user_id, None)

    def look_again(self) -> None:
        """Check everybody again, as who can read the text channel has changed."""
        for user_id in sorted(self._present):
            self._expect(user_id)
        for user_id in [user_id for user_id in self._waiting if not self._readable(user_id)]:
            del self._waiting[user_id]

    def named(self, user_id: int) -> bool:
        """Return whether the person was named here, or was there when the notice was posted."""
        return user_id in self._named

    def _expect(self, user_id: int) -> None:
        if user_id in self._named or not self._readable(user_id):
            return
        if self._consent.answer(user_id) is not Answer.NO:
            self._waiting[user_id] = None
            self._schedule()

    def _schedule(self) -> None:
        if not self._waiting or self._next.waits or self._posting or self._closed:
            return
        self._next.set(max(self._clock.now() + _GATHER_S, self._next_at))

    def _due(self) -> None:
        if self._waiting:
            self._posting = True
            self._tasks.start(self._post(), "announcement")

    async def _post(self) -> None:
        batch = list(self._waiting)[:_MOST]
        mode, agreed = self._mode, self._consent.agreed
        heard = tuple(user_id for user_id in batch if user_id in agreed)
        others = tuple(user_id for user_id in batch if user_id not in agreed)
        self._next_at = self._clock.now() + _RETRY_S  # should it fail
        try:
            named = await self._announce(Announcement(mode, heard, others, self.paused()))
        except ChatError as error:
            log.warning("newcomers could not be told", code=error.code)
        else:
            self._next_at = self._clock.now() + _APART_S
            if mode is self._mode:
                self._told(batch, named)
        finally:
            self._posting = False
            self._schedule()

    def _told(self, batch: list[int], named: frozenset[int]) -> None:
        for user_id in batch:
            self._waiting.pop(user_id, None)
            if self._readable(user_id):  # else it was taken from them meanwhile
                self._named.add(user_id)
        if self._mode is ConsentMode.ANNOUNCED and not self._closed:
            self._hear_later(named & self._named)
        self.posted()

    def _hear_later(self, told: frozenset[int]) -> None:
        def due() -> None:
            self._saying_no.discard(alarm)
            self._consent.told(told)

        alarm = Alarm(self._clock, due)
        alarm.set_in(SAY_NO_S)
        self._saying_no.add(alarm)

    def _changed(self, _: frozenset[int]) -> None:
        """Tell everybody anew when the mode changed: what they were told no longer holds."""
        if self._consent.mode is self._mode:
            return
        self._mode = self._consent.mode
        self._cancel()
        self._named.clear()
        self._waiting.clear()
        for user_id in sorted(self._present):
            self._expect(user_id)

    def _cancel(self) -> None:
        for alarm in self._saying_no:
            alarm.cancel()
        self._saying_no.clear()
        self._next.cancel()

    async def close(self) -> None:
        """Tell nobody any more; who was told has to be anew in the next room. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._stop_listening()
        self._cancel()
        await self._tasks.close()
        self._consent.told_nobody()
