"""What is kept of a person in one guild, and how it is deleted on their wish."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from bot.errors import StoreError
from bot.room.consent import Answer, Consent
from bot.room.ledger import Ledger
from bot.room.records import ConsentMode, Wishes
from bot.room.stores import TranscriptStore, WishStore

Forget = Callable[[int, int], Awaitable[int]]
"""Lets go of a person (guild, person); returns how much there was. Raises StoreError."""

_MOST_SESSIONS = 1000


@dataclass(frozen=True, slots=True)
class Kept:
    """What a guild keeps of a person.

    Attributes:
        mode: How consent is given there.
        heard: Whether they may be heard at this moment.
        answer: What they said, and whether that is stored.
        wishes: Which languages they speak and read.
        minutes: Of their speech, counted for usage.
        sessions: Transcripts of the guild, which may have lines of theirs.
    """

    mode: ConsentMode
    heard: bool
    answer: Answer
    answer_stored: bool
    wishes: Wishes
    minutes: float
    sessions: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was deleted.

    Attributes:
        answer: Their yes or no.
        wishes: Which languages they speak and read.
        lines: Of transcripts.
        usage_rows: Counted for nobody now.
        elsewhere: What else there was, in whatever it counts.
    """

    answer: bool = False
    wishes: bool = False
    lines: int = 0
    usage_rows: int = 0
    elsewhere: int = 0

    @property
    def nothing(self) -> bool:
        """Whether nothing was kept."""
        return self == Forgotten()


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Deletes from every place that keeps something of a person.

    Attributes:
        consent: The one Consent of a guild.
        ledger: Counts what people used.
        wishes: Of members.
        transcripts: What was said.
        waiting_lines: Drops lines that are not in `transcripts` yet.
        others: Whoever else remembers people, as what runs does in memory.
    """

    consent: Callable[[int], Awaitable[Consent]]
    ledger: Ledger
    wishes: WishStore
    transcripts: TranscriptStore
    waiting_lines: Forget | None = None
    others: Sequence[Forget] = field(default=())

    async def kept(self, guild_id: int, user_id: int) -> Kept:
        """What there is.

        Raises:
            StoreError: The store can't be read.
        """
        consent = await self.consent(guild_id)
        wishes = await self.wishes.wishes(guild_id)
        usage = await self.ledger.spent_by_day(guild_id, date.min)
        return Kept(
            mode=consent.mode,
            heard=user_id in consent.agreed,
            answer=consent.answer(user_id),
            answer_stored=consent.keeps(user_id),
            wishes=wishes.get(user_id, Wishes()),
            minutes=sum(spent.minutes for key, spent in usage.items() if key.user_id == user_id),
            sessions=len(await self.transcripts.sessions(guild_id, _MOST_SESSIONS)),
        )

    async def forget(self, guild_id: int, user_id: int) -> Forgotten:
        """Not heard from this moment, and deleted when it returns. Safe to ask for again.

        Raises:
            StoreError: Something is still kept; all that could be deleted is.
        """
        consent = await self.consent(guild_id)
        failed: StoreError | None = None
        found = Forgotten()
        try:  # first: from here on nothing new is made of theirs
            found = replace(found, answer=await consent.forget(user_id))
        except StoreError as error:
            failed = error
        for forget in (self._wishes, self._lines, self._usage, self._others):
            try:
                found = await forget(found, guild_id, user_id)
            except StoreError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return found

    async def _wishes(self, found: Forgotten, guild_id: int, user_id: int) -> Forgotten:
        kept = user_id in await self.wishes.wishes(guild_id)
        await self.wishes.forget_wishes(guild_id, user_id)
        return replace(found, wishes=kept)

    async def _lines(self, found: Forgotten, guild_id: int, user_id: int) -> Forgotten:
        waiting = 0
        if self.waiting_lines is not None:
            waiting = await self.waiting_lines(guild_id, user_id)
        stored = await self.transcripts.forget_lines(guild_id, user_id)
        return replace(found, lines=waiting + stored)

    async def _usage(self, found: Forgotten, guild_id: int, user_id: int) -> Forgotten:
        rows = await self.ledger.spent_by_day(guild_id, date.min)
        await self.ledger.forget(guild_id, user_id)
        theirs = sum(key.user_id == user_id for key in rows)
        return replace(found, usage_rows=theirs)

    async def _others(self, found: Forgotten, guild_id: int, user_id: int) -> Forgotten:
        count = 0
        for forget in self.others:
            count += await forget(guild_id, user_id)
        return replace(found, elsewhere=count)
