"""How members want their translations spoken."""

from sqlalchemy import delete, select

from bot.domain.voices import AUTOMATIC, MemberVoice
from bot.store.database import Database
from bot.store.tables import voices
from bot.store.upsert import put


class VoiceTable:
    """Implements VoiceStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def voices(self, guild_id: int) -> dict[int, MemberVoice]:
        """Return what every member of a guild wants who chose anything."""
        columns = (voices.c.user_id, voices.c.voice, voices.c.silent, voices.c.imitated_since)
        query = select(*columns).where(voices.c.guild_id == guild_id)
        async with self._database.reading(guild_id) as connection:
            rows = (await connection.execute(query)).all()
        return {user_id: MemberVoice(*chosen) for user_id, *chosen in rows}

    async def put_voice(self, guild_id: int, user_id: int, voice: MemberVoice) -> None:
        """Save what a member wants, replacing what was before; forget it where it is nothing."""
        if voice == AUTOMATIC:
            await self._forget(guild_id, user_id)
            return
        row = put(self._database.dialect, voices)
        values = {
            "voice": voice.name,
            "silent": voice.silent,
            "imitated_since": voice.imitated_since,
        }
        async with self._database.transaction(guild_id) as connection:
            await connection.execute(row, {"guild_id": guild_id, "user_id": user_id, **values})

    async def _forget(self, guild_id: int, user_id: int) -> None:
        theirs = (voices.c.guild_id == guild_id) & (voices.c.user_id == user_id)
        async with self._database.transaction(guild_id) as connection:
            await connection.execute(delete(voices).where(theirs))
