"""The rooms that run, so that they are back after a restart."""

from sqlalchemy import delete, select

from bot.room.records import SavedRoom
from bot.store.database import Database
from bot.store.document import Document
from bot.store.tables import rooms
from bot.store.upsert import put

_DOCUMENT = Document(SavedRoom, "room")


class RoomTable:
    """Implements RoomStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_room(self, room: SavedRoom) -> None:
        """Keep it, in the place of what was for its guild."""
        row = put(self._database.dialect, rooms)
        async with self._database.transaction() as connection:
            await connection.execute(
                row, {"guild_id": room.guild_id, "document": _DOCUMENT.dump(room)}
            )

    async def drop_room(self, guild_id: int) -> None:
        """It ended."""
        async with self._database.transaction() as connection:
            await connection.execute(delete(rooms).where(rooms.c.guild_id == guild_id))

    async def rooms(self) -> list[SavedRoom]:
        """All that ran when the process ended."""
        query = select(rooms.c.document).order_by(rooms.c.guild_id)
        async with self._database.reading() as connection:
            documents = (await connection.execute(query)).scalars().all()
        return [_DOCUMENT.load(document) for document in documents]
