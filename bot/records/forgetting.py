"""What is kept of a person in one guild, and how it is deleted on their wish."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from bot.consent.consent import Answer
from bot.domain.stored import ConsentMode, MemberLanguages
from bot.domain.voices import AUTOMATIC, MemberVoice
from bot.errors import StoreError
from bot.room.rooms import Rooms
from bot.usage.ledger import Ledger


class ForgettableTranscripts(Protocol):
    """What was said, written or still on its way."""

    async def sessions(self, guild_id: int) -> Sequence[object]:
        """Return the sessions there are; raises StoreError."""

    async def forget(self, guild_id: int, user_id: int) -> int:
        """Remove all that this member said; returns how many lines. Raises StoreError."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a guild keeps of a person.

    Attributes:
        mode: How consent is given there.
        heard: Whether they may be heard at this moment.
        answer: What they said, and whether that is stored.
        wishes: Which languages they speak and read.
        voice: How they want to be spoken.
        minutes: How many minutes of their speech were counted.
        sessions: Transcripts of the guild, which may have lines of theirs.
    """

    mode: ConsentMode
    heard: bool
    answer: Answer
    answer_stored: bool
    wishes: MemberLanguages
    voice: MemberVoice
    minutes: float
    sessions: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was deleted.

    Attributes:
        answer: Their yes or no.
        wishes: Which languages they speak and read.
        voice: How they want to be spoken.
        lines: How many lines of transcripts there were.
        usage_rows: Counted for nobody now.
        started: That they started the room that runs.
    """

    answer: bool = False
    wishes: bool = False
    voice: bool = False
    lines: int = 0
    usage_rows: int = 0
    started: bool = False

    @property
    def nothing(self) -> bool:
        """Whether nothing was kept."""
        return self == Forgotten()


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Deletes from every place that keeps something of a person.

    Attributes:
        rooms: Know consent, wishes, and who started what runs.
        ledger: Counts what people used.
        transcripts: The transcripts.
    """

    rooms: Rooms
    ledger: Ledger
    transcripts: ForgettableTranscripts

    async def kept(self, guild_id: int, user_id: int) -> Kept:
        """Return what is kept of a member.

        Raises:
            StoreError: The store can't be read.
        """
        consent = await self.rooms.consent(guild_id)
        usage = await self.ledger.spent_by_day(guild_id, date.min, user_id)
        return Kept(
            mode=consent.mode,
            heard=user_id in consent.agreed,
            answer=consent.answer(user_id),
            answer_stored=consent.keeps(user_id),
            wishes=await self.rooms.wishes.of(guild_id, user_id),
            voice=await self.rooms.voices.of(guild_id, user_id),
            minutes=sum(spent.minutes for key, spent in usage.items() if key.user_id == user_id),
            sessions=len(await self.transcripts.sessions(guild_id)),
        )

    async def forget(self, guild_id: int, user_id: int) -> Forgotten:
        """Stop hearing a member at once, and delete what is kept. Safe to ask for again.

        Raises:
            StoreError: Something is still kept; all that could be deleted is.
        """
        consent = await self.rooms.consent(guild_id)
        failed: StoreError | None = None
        found = Forgotten()
        try:  # first: from here on nothing new is made of theirs
            found = replace(found, answer=await consent.forget(user_id))
        except StoreError as error:
            failed = error
        for forget in (self._wishes, self._voice, self._lines, self._usage, self._started):
            try:
                found = await forget(found, guild_id, user_id)
            except StoreError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return found

    async def _wishes(self, found: Forgotten, guild_id: int, user_id: int) -> Forgotten:
        kept = await self.rooms.wishes.of(guild_id, user_id) != MemberLanguages()
        await self.rooms.wishes.put(guild_id, user_id, MemberLanguages())
        return replace(found, wishes=kept)

    async def _voice(self, found: Forgotten, guild_id: int, user_id: int) -> Forgotten:
        kept = await self.rooms.voices.of(guild_id, user_id) != AUTOMATIC
        await self.rooms.voices.use(guild_id, user_id, AUTOMATIC)
        return replace(found, voice=kept)

    async def _lines(self, found: Forgotten, guild_id: int, user_id: int) -> Forgotten:
        return replace(found, lines=await self.transcripts.forget(guild_id, user_id))

    async def _usage(self, found: Forgotten, guild_id: int, user_id: int) -> Forgotten:
        rows = await self.ledger.spent_by_day(guild_id, date.min, user_id)
        await self.ledger.forget(guild_id, user_id)
        theirs = sum(key.user_id == user_id for key in rows)
        return replace(found, usage_rows=theirs)

    async def _started(self, found: Forgotten, guild_id: int, user_id: int) -> Forgotten:
        return replace(found, started=await self.rooms.forget(guild_id, user_id))
