"""What was said, where a server wants it kept."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Select, func, select

from bot.domain.stored import TranscriptLine
from bot.store import bounded
from bot.store.database import Database
from bot.store.tables import transcripts
from bot.store.upsert import put

_COLUMNS = [transcripts.c[field.name] for field in fields(TranscriptLine)]


class TranscriptTable:
    """Implements TranscriptStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, guild_id: int, lines: Sequence[TranscriptLine]) -> None:
        """Keep these lines; one that is there (session, utterance, language) is replaced.

        All of them or none; few enough for one transaction (`bounded.ROWS`).
        """
        if not lines:
            return
        rows = [{"guild_id": guild_id, **asdict(line)} for line in lines]
        async with self._database.transaction() as connection:
            await connection.execute(put(self._database.dialect, transcripts), rows)

    async def sessions(self, guild_id: int, most: int) -> list[tuple[str, float, float, int]]:
        """Return (session, began, ended, lines) of each, the newest first."""
        began = func.min(transcripts.c.at)
        query = (
            select(transcripts.c.session, began, func.max(transcripts.c.until), func.count())
            .where(transcripts.c.guild_id == guild_id)
            .group_by(transcripts.c.session)
            .order_by(began.desc(), transcripts.c.session)
            .limit(most)
        )
        async with self._database.reading(guild_id) as connection:
            rows = (await connection.execute(query)).all()
        return [(session, began, ended, count) for session, began, ended, count in rows]

    async def pages(
        self, guild_id: int, session: str, since: float
    ) -> AsyncGenerator[Sequence[TranscriptLine], None]:
        """Yield a session's lines with words that were said since then, some at a time.

        In order of speech, an utterance's languages together.
        """
        began = func.min(transcripts.c.at).over(partition_by=transcripts.c.utterance)
        by_code = "C" if self._database.dialect == "postgresql" else "BINARY"
        language = transcripts.c.language.collate(by_code)  # else each has an order of its own
        words = (transcripts.c.text != "") | (transcripts.c.source_text != "")
        query = (
            _of(guild_id, session, *_COLUMNS)
            .where(words & (transcripts.c.at >= since))
            .order_by(began, transcripts.c.utterance, language)
        )
        async with (
            self._database.reading(guild_id) as connection,
            aclosing(bounded.pages(connection, query)) as pages,
        ):
            async for page in pages:
                yield [TranscriptLine(*tuple(row)) for row in page]

    async def languages(self, guild_id: int, session: str, since: float) -> list[str]:
        """Return the languages a session was translated into since then, sorted."""
        query = _of(guild_id, session, transcripts.c.language).where(
            (transcripts.c.text != "") & (transcripts.c.at >= since)
        )
        async with self._database.reading(guild_id) as connection:
            return sorted((await connection.execute(query.distinct())).scalars())

    async def last_utterance(self, guild_id: int, session: str) -> int:
        """Return the highest number in a session; 0 when there is nothing."""
        query = _of(guild_id, session, func.max(transcripts.c.utterance))
        async with self._database.reading(guild_id) as connection:
            return (await connection.execute(query)).scalar() or 0

    async def forget_lines(self, guild_id: int, user_id: int) -> int:
        """Remove everything that this member said; returns how many lines."""
        theirs = (transcripts.c.guild_id == guild_id) & (transcripts.c.user_id == user_id)
        return await bounded.remove(self._database, transcripts, theirs, guild_id)

    async def expire(self, guild_id: int, before: float) -> int:
        """Remove what was said before (seconds since 1970); returns how many lines."""
        old = (transcripts.c.guild_id == guild_id) & (transcripts.c.at < before)
        return await bounded.remove(self._database, transcripts, old)


def _of(guild_id: int, session: str, *columns: Any) -> Select[Any]:
    return select(*columns).where(
        (transcripts.c.guild_id == guild_id) & (transcripts.c.session == session)
    )
