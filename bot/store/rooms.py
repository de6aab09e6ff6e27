"""The rooms that run, so that they are back after a restart."""

from sqlalchemy import delete, select

from bot.domain.stored import SavedRoom
from bot.errors import StoreError
from bot.logs import get_logger
from bot.store.database import Database
from bot.store.document import JsonDocument
from bot.store.tables import rooms
from bot.store.upsert import put

log = get_logger(__name__)

_DOCUMENT = JsonDocument(SavedRoom, "room")


class RoomTable:
    """Implements RoomStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_room(self, room: SavedRoom) -> None:
        """Keep it, in the place of what was for its guild."""
        row = put(self._database.dialect, rooms)
        async with self._database.transaction() as connection:  # each minute of every room
            await connection.execute(
                row, {"guild_id": room.guild_id, "document": _DOCUMENT.dump(room)}
            )

    async def drop_room(self, guild_id: int) -> None:
        """Delete a guild's saved room, which ended."""
        async with self._database.transaction(guild_id) as connection:
            await connection.execute(delete(rooms).where(rooms.c.guild_id == guild_id))

    async def room(self, guild_id: int) -> SavedRoom | None:
        """Return a guild's saved room, if one is kept."""
        query = select(rooms.c.document).where(rooms.c.guild_id == guild_id)
        async with self._database.reading(guild_id) as connection:
            document = (await connection.execute(query)).scalar_one_or_none()
        return None if document is None else _DOCUMENT.load(document)

    async def rooms(self, shard: int = 0, shards: int = 1) -> list[SavedRoom]:
        """Return all that ran when their process ended, of the servers of one shard.

        Unreadable ones are left out and logged.
        """
        of_shard = (rooms.c.guild_id // (1 << 22)) % shards == shard
        query = (
            select(rooms.c.guild_id, rooms.c.document).where(of_shard).order_by(rooms.c.guild_id)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        found = []
        for guild_id, document in rows:
            try:
                found.append(_DOCUMENT.load(document))
            except StoreError as error:
                log.error("a room is left out", guild=guild_id, reason=error)  # noqa: TRY400 - its one line says all
        return found
