"""Transcripts of a server's calls: off unless its settings give them days, and gone after these."""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.clock import Alarm, Clock
from bot.consent.consent import Consent
from bot.domain.plan import RoomPlan
from bot.domain.ports import CaptionBoard
from bot.domain.stored import TranscriptLine
from bot.domain.stores import SettingsStore, TranscriptStore
from bot.errors import StoreError, UsageError
from bot.locks import FairLock, KeyedLimit
from bot.logs import get_logger
from bot.records import documents
from bot.records.batches import Batches
from bot.records.documents import Format
from bot.records.recorder import Recorder, RecordingBoard
from bot.records.utterances import Utterance, utterances
from bot.tasks import TaskOwner
from bot.wall_clock import Wall
from bot.words import t

log = get_logger(__name__)

_DAY_S: Final = 86_400.0
_AGAIN_S: Final = 600.0  # where it was not known for certain what day it is
_SESSIONS: Final = 100  # of a guild, the newest
_REST_S: Final = 0.005  # between the pages of a file, in which everybody else has their turn


@dataclass(frozen=True, slots=True)
class TranscriptSession:
    """One run of a room, as far as it was taken down.

    Attributes:
        id: Unique in the guild.
        text_channel_id: Where its captions stood; who sees it may read the transcript.
        began: When the first line was said.
        ended: When the last one was.
        lines: How many there are, over all languages.
    """

    id: str
    text_channel_id: int
    began: datetime
    ended: datetime
    lines: int


@dataclass(frozen=True, slots=True)
class TranscriptDocument:
    """A file, and how many utterances are in it."""

    data: bytes
    utterances: int


class Transcripts:
    """Takes down, hands out, forgets.

    Args:
        store: Where lines are kept.
        settings: Say for how many days.
        clock: The time between batches.
        wall: Tells the date and time of day.
    """

    def __init__(
        self,
        store: TranscriptStore,
        settings: SettingsStore,
        *,
        clock: Clock,
        wall: Wall,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._wall = wall
        self._batches = Batches(store, clock=clock)
        self._reading = KeyedLimit()
        self._working = FairLock()
        self._boards: dict[int, RecordingBoard] = {}  # by guild; the newest room's
        self._tasks = TaskOwner("retention")
        self._guilds_present: Callable[[], Iterable[int]] = tuple
        self._next_day = Alarm(clock, self._expire_again)

    # Recording

    async def record(self, board: CaptionBoard, plan: RoomPlan, consent: Consent) -> CaptionBoard:
        """Return a board that shows what this one shows, and records it where the guild wants it.

        Args:
            board: The room's board.
            plan: Its; a run that is taken up again goes on in its session's transcript.
            consent: Who agreed.

        Raises:
            StoreError: The store can't be read.
        """
        guild_id = plan.guild_id
        days = (await self._settings.settings(guild_id)).transcript_days
        begun = int(self._wall.now().timestamp() * 1000)
        name = f"{plan.text_channel_id}.{plan.session or begun}"
        last = await self._store.last_utterance(guild_id, name) if plan.session else 0
        stop = consent.listen(lambda agreed: self._agreed(guild_id, agreed))

        def closed() -> None:
            stop()
            if self._boards.get(guild_id) is recording:
                del self._boards[guild_id]

        recording = self._boards[guild_id] = RecordingBoard(
            board,
            Recorder(
                name,
                first=1 + last,
                date=lambda: self._wall.now().timestamp(),
            ),
            consent=consent,
            keep=lambda line: self._batches.keep(guild_id, line),
            clock=self._clock,
            days=days,
            closed=closed,
        )
        return recording

    @property
    def waiting(self) -> int:
        """Lines that are not written yet."""
        return len(self._batches)

    @property
    def dropped(self) -> int:
        """Lines left out, as too many waited."""
        return self._batches.dropped

    def _agreed(self, guild_id: int, agreed: frozenset[int]) -> None:
        self._batches.drop(guild_id, lambda line: line.user_id not in agreed)

    def keep_for(self, guild_id: int, days: int) -> None:
        """Keep a guild's transcripts for so many days from now on; 0: keep none.

        What is too old by now goes soon; should that fail, or should it not be certain what day
        it is, it goes with the next day's.
        """
        if (board := self._boards.get(guild_id)) is not None:
            board.keep_for(days)
        self._tasks.start(self._expire(guild_id, days), f"expire {guild_id}", guild=guild_id)

    async def _expire(self, guild_id: int, days: int) -> int:
        try:
            if days == 0:
                return await self._batches.expire(guild_id, math.inf)
            if (now := self._wall.reached()) is None:
                return 0
            return await self._batches.expire(guild_id, _oldest(now, days))
        except StoreError as error:
            log.warning("old transcripts can't be removed", code=error.code)
            return 0

    # Reading

    async def sessions(self, guild_id: int) -> list[TranscriptSession]:
        """Return the sessions there are, the newest first.

        Raises:
            StoreError: The store can't be read.
        """
        await self._batches.flush(guild_id)
        oldest = await self._limit(guild_id)
        found = []
        for name, began, ended, lines in await self._store.sessions(guild_id, _SESSIONS):
            channel, _, _ = name.partition(".")
            if ended >= oldest and channel.isdecimal():
                found.append(
                    TranscriptSession(
                        name,
                        int(channel),
                        datetime.fromtimestamp(began, UTC),
                        datetime.fromtimestamp(ended, UTC),
                        lines,
                    )
                )
        return found

    async def languages(self, guild_id: int, session: TranscriptSession) -> list[str]:
        """Return the languages into which anything of a session was translated, sorted.

        Raises:
            StoreError: The store can't be read.
        """
        oldest = await self._limit(guild_id)
        return await self._store.languages(guild_id, session.id, oldest)

    async def utterances(self, guild_id: int, session: TranscriptSession) -> list[Utterance]:
        """Return what was said, in order of speech.

        Raises:
            UsageError: There is nothing.
            StoreError: The store can't be read.
        """
        async with aclosing(self._read(guild_id, session)) as pages:
            said = [one async for page in pages for one in page]
        if not said:
            raise UsageError(t("Nothing is left of that transcript."))
        return said

    async def document(
        self, guild_id: int, session: TranscriptSession, form: Format, language: str | None = None
    ) -> TranscriptDocument:
        """Return what was said, as a file; a guild's are made one at a time.

        Args:
            guild_id: The guild.
            session: The call's session.
            form: The file's format.
            language: The only one; None: all, with the originals.

        Raises:
            UsageError: There is nothing.
            StoreError: The store can't be read.
        """
        async with self._reading.of(guild_id):  # each may take a hundred megabytes
            columns = await self.languages(guild_id, session)
            file = documents.writer(form, language, columns)
            parts: list[str] = []
            count = 0
            async with aclosing(self._read(guild_id, session)) as pages:
                async for said in pages:
                    async with self._working.of(guild_id):
                        parts.append(file.add(said))
                        await asyncio.sleep(_REST_S)
                    count += len(said)
            if not count:
                raise UsageError(t("Nothing is left of that transcript."))
            async with self._working.of(guild_id):
                parts.append(await asyncio.to_thread(file.end))
            return TranscriptDocument(documents.encoded(form, parts), count)

    async def _read(
        self, guild_id: int, session: TranscriptSession
    ) -> AsyncGenerator[list[Utterance], None]:
        """Yield what was said, some utterances at a time."""
        await self._batches.flush(guild_id)
        oldest = await self._limit(guild_id)
        rest: list[TranscriptLine] = []  # of an utterance, which may have more in the next page
        async with aclosing(self._store.pages(guild_id, session.id, oldest)) as pages:
            async for page in pages:
                lines = [*rest, *page]
                last = lines[-1].utterance
                rest = [line for line in lines if line.utterance == last]
                if whole := lines[: -len(rest)]:
                    yield utterances(whole)
        if rest:
            yield utterances(rest)

    # Deleting

    async def forget(self, guild_id: int, user_id: int) -> int:
        """Remove everything that this member said; returns how many lines.

        Raises:
            StoreError: The store still has lines of theirs.
        """
        return await self._batches.forget(guild_id, user_id)

    async def _limit(self, guild_id: int) -> float:
        days = (await self._settings.settings(guild_id)).transcript_days
        return _oldest(self._wall.now(), days)

    async def expire(self, guilds: Iterable[int]) -> int:
        """Remove what is older than each guild wants it; returns how many lines.

        A guild that fails is tried again the next day.
        """
        count = 0
        for guild_id in guilds:
            try:
                days = (await self._settings.settings(guild_id)).transcript_days
            except StoreError as error:
                log.warning("could not read how long transcripts are kept", code=error.code)
            else:
                count += await self._expire(guild_id, days)
        if count:
            log.info("removed old lines of transcripts", count=count)
        return count

    def expire_daily(self, guilds: Callable[[], Iterable[int]]) -> None:
        """Do that now, and again each day until `close`."""
        self._guilds_present = guilds
        self._expire_again()

    def _expire_again(self) -> None:
        self._tasks.start(self._expire_all(), "expire")

    async def _expire_all(self) -> None:
        await self.expire(tuple(self._guilds_present()))
        self._next_day.set_in(_AGAIN_S if self._wall.reached() is None else _DAY_S)

    async def close(self) -> None:
        """Write what waits, and end. Idempotent."""
        self._next_day.cancel()
        try:
            await self._tasks.close()
        finally:
            await self._batches.close()


def _oldest(now: datetime, days: int) -> float:
    return (now - timedelta(days=days)).timestamp()
