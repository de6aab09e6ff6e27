"""What members said of themselves."""

from sqlalchemy import delete, select

from bot.domain.stored import MemberLanguages
from bot.store.database import Database
from bot.store.tables import wishes
from bot.store.upsert import put


class WishTable:
    """Implements WishStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def wishes(self, guild_id: int) -> dict[int, MemberLanguages]:
        """Return the languages of every member of a guild who named any."""
        query = select(wishes.c.user_id, wishes.c.speaks, wishes.c.reads).where(
            wishes.c.guild_id == guild_id
        )
        async with self._database.reading(guild_id) as connection:
            rows = (await connection.execute(query)).all()
        return {user_id: MemberLanguages(speaks, reads) for user_id, speaks, reads in rows}

    async def put_wishes(self, guild_id: int, user_id: int, wanted: MemberLanguages) -> None:
        """Save what a member named, replacing what was before; forget it where it is nothing."""
        if wanted == MemberLanguages():
            await self.forget_wishes(guild_id, user_id)
            return
        row = put(self._database.dialect, wishes)
        values = {"speaks": wanted.speaks, "reads": wanted.reads}
        async with self._database.transaction(guild_id) as connection:
            await connection.execute(row, {"guild_id": guild_id, "user_id": user_id, **values})

    async def forget_wishes(self, guild_id: int, user_id: int) -> None:
        """Keep nothing of this member."""
        theirs = (wishes.c.guild_id == guild_id) & (wishes.c.user_id == user_id)
        async with self._database.transaction(guild_id) as connection:
            await connection.execute(delete(wishes).where(theirs))
