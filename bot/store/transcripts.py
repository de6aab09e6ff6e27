"""What was said, where a server wants it kept."""

from collections.abc import Sequence
from dataclasses import asdict, fields

from sqlalchemy import delete, func, select

from bot.room.records import TranscriptLine
from bot.store.database import Database
from bot.store.tables import transcripts
from bot.store.upsert import put

_COLUMNS = [transcripts.c[field.name] for field in fields(TranscriptLine)]


class TranscriptTable:
    """Implements TranscriptStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, guild_id: int, lines: Sequence[TranscriptLine]) -> None:
        """Keep these lines; one that is there (session, utterance, language) is replaced."""
        if not lines:
            return
        rows = [{"guild_id": guild_id, **asdict(line)} for line in lines]
        async with self._database.transaction() as connection:
            await connection.execute(put(self._database.dialect, transcripts), rows)

    async def sessions(self, guild_id: int, most: int) -> list[tuple[str, float, float, int]]:
        """(session, began, ended, lines), the newest first."""
        began = func.min(transcripts.c.at)
        query = (
            select(transcripts.c.session, began, func.max(transcripts.c.until), func.count())
            .where(transcripts.c.guild_id == guild_id)
            .group_by(transcripts.c.session)
            .order_by(began.desc(), transcripts.c.session)
            .limit(most)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [(session, began, ended, count) for session, began, ended, count in rows]

    async def lines(self, guild_id: int, session: str) -> list[TranscriptLine]:
        """Of one session, in order of speech."""
        query = select(*_COLUMNS).where(
            (transcripts.c.guild_id == guild_id) & (transcripts.c.session == session)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        # Here, as each database has its own order of letters.
        return sorted(
            (TranscriptLine(*row) for row in rows), key=lambda line: (line.utterance, line.language)
        )

    async def forget_lines(self, guild_id: int, user_id: int) -> int:
        """Remove everything that this member said; returns how many lines."""
        theirs = (transcripts.c.guild_id == guild_id) & (transcripts.c.user_id == user_id)
        async with self._database.transaction() as connection:
            return (await connection.execute(delete(transcripts).where(theirs))).rowcount

    async def expire(self, guild_id: int, before: float) -> int:
        """Remove what was said before (seconds since 1970); returns how many lines."""
        old = (transcripts.c.guild_id == guild_id) & (transcripts.c.at < before)
        async with self._database.transaction() as connection:
            return (await connection.execute(delete(transcripts).where(old))).rowcount
