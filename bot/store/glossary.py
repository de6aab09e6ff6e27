"""Each server's glossary."""

from collections.abc import Collection, Iterable

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.stored import Term
from bot.errors import GlossaryFullError
from bot.store.database import Database
from bot.store.tables import glossary
from bot.store.upsert import put
from bot.words import t

_BATCH = 500  # words in one statement; SQLite takes 32,766 values


class GlossaryTable:
    """Implements GlossaryStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def terms(self, guild_id: int, target: str | None = None) -> list[Term]:
        """Return all terms of a guild, or those of one language, by source."""
        query = select(glossary.c.target, glossary.c.source, glossary.c.translation).where(
            glossary.c.guild_id == guild_id
        )
        if target is not None:
            query = query.where(glossary.c.target == target)
        async with self._database.reading(guild_id) as connection:
            rows = (await connection.execute(query)).all()
        # Here, as each database has its own order of letters.
        return sorted(
            (Term(*row) for row in rows),
            key=lambda term: (term.source.casefold(), term.source, term.target),
        )

    async def put_terms(
        self, guild_id: int, terms: Collection[Term], *, most: int
    ) -> tuple[int, int]:
        """Keep all of them or none; a known source is given its new translation.

        Returns:
            How many are new, and how many changed.

        Raises:
            GlossaryFullError: There would be more than `most`.
        """
        wanted = {(term.target, term.source): term.translation for term in terms}
        if not wanted:
            return 0, 0
        async with self._database.transaction(guild_id) as connection:
            await self._alone(connection, guild_id)
            known = await self._known(connection, guild_id)
            new = sum(key not in known for key in wanted)
            changed = sum(key in known and known[key] != text for key, text in wanted.items())
            if new and len(known) + new > most:
                raise GlossaryFullError(
                    t(
                        "The glossary would have {count} words; the maximum is {most}. Nothing was "
                        "added. Remove some words first.",
                        count=len(known) + new,
                        most=most,
                    )
                )
            rows = [
                {"guild_id": guild_id, "target": key[0], "source": key[1], "translation": text}
                for key, text in wanted.items()
            ]
            await connection.execute(put(self._database.dialect, glossary), rows)
        return new, changed

    async def remove_terms(self, guild_id: int, target: str | None, sources: Iterable[str]) -> int:
        """Remove these words, of one language or of all; returns how many there were."""
        words = list(dict.fromkeys(sources))
        there = glossary.c.guild_id == guild_id
        if target is not None:
            there &= glossary.c.target == target
        removed = 0
        async with self._database.transaction(guild_id) as connection:
            for start in range(0, len(words), _BATCH):
                these = there & glossary.c.source.in_(words[start : start + _BATCH])
                removed += (await connection.execute(delete(glossary).where(these))).rowcount
        return removed

    async def _alone(self, connection: AsyncConnection, guild_id: int) -> None:
        # Two imports at once must not both find room. SQLite has one writer as it is.
        if self._database.dialect == "postgresql":
            await connection.execute(select(func.pg_advisory_xact_lock(guild_id)))

    async def _known(
        self, connection: AsyncConnection, guild_id: int
    ) -> dict[tuple[str, str], str]:
        query = select(glossary.c.target, glossary.c.source, glossary.c.translation).where(
            glossary.c.guild_id == guild_id
        )
        rows = (await connection.execute(query)).all()
        return {(target, source): translation for target, source, translation in rows}
