"""What each server set."""

from sqlalchemy import select

from bot.domain.stored import GuildSettings
from bot.store.database import Database
from bot.store.document import JsonDocument
from bot.store.tables import settings
from bot.store.upsert import put

_DOCUMENT = JsonDocument(GuildSettings, "settings")


class SettingsTable:
    """Implements SettingsStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def settings(self, guild_id: int) -> GuildSettings:
        """Return a guild's settings as last saved; the defaults when they never were."""
        query = select(settings.c.document).where(settings.c.guild_id == guild_id)
        async with self._database.reading(guild_id) as connection:
            document = (await connection.execute(query)).scalar_one_or_none()
        return GuildSettings() if document is None else _DOCUMENT.load(document)

    async def put_settings(self, guild_id: int, values: GuildSettings) -> None:
        """Keep them, in the place of what was."""
        row = put(self._database.dialect, settings)
        async with self._database.transaction(guild_id) as connection:
            await connection.execute(
                row, {"guild_id": guild_id, "document": _DOCUMENT.dump(values)}
            )
