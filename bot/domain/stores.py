"""Ports for what is kept. `bot.store` implements each; all raise StoreError and nothing else."""

from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from datetime import date
from typing import Protocol

from bot.domain.stored import GuildSettings, MemberLanguages, SavedRoom, Term, TranscriptLine
from bot.domain.voices import MemberVoice


class SettingsStore(Protocol):
    """A server's settings."""

    async def settings(self, guild_id: int) -> GuildSettings:
        """Return a guild's settings as last saved; the defaults when they never were."""

    async def put_settings(self, guild_id: int, settings: GuildSettings) -> None:
        """Keep them, in the place of what was."""


class WishStore(Protocol):
    """What members said of themselves."""

    async def wishes(self, guild_id: int) -> dict[int, MemberLanguages]:
        """Return the languages of every member of a guild who named any."""

    async def put_wishes(self, guild_id: int, user_id: int, wishes: MemberLanguages) -> None:
        """Keep them; empty ones are forgotten."""

    async def forget_wishes(self, guild_id: int, user_id: int) -> None:
        """Keep nothing of this member."""


class VoiceStore(Protocol):
    """How members want their translations spoken."""

    async def voices(self, guild_id: int) -> dict[int, MemberVoice]:
        """Return what every member of a guild wants who chose anything."""

    async def put_voice(self, guild_id: int, user_id: int, voice: MemberVoice) -> None:
        """Keep it, in the place of what was; what holds for everybody anyway is forgotten."""


class GlossaryStore(Protocol):
    """A server's glossary."""

    async def terms(self, guild_id: int, target: str | None = None) -> list[Term]:
        """Return all terms of a guild, or those of one language, by source."""

    async def put_terms(
        self, guild_id: int, terms: Collection[Term], *, most: int
    ) -> tuple[int, int]:
        """Keep all of them or none; a known source is given its new translation.

        Returns:
            How many are new, and how many changed.

        Raises:
            GlossaryFullError: There would be more than `most`.
        """

    async def remove_terms(self, guild_id: int, target: str | None, sources: Iterable[str]) -> int:
        """Remove these words, of one language or of all; returns how many there were."""


class TranscriptStore(Protocol):
    """What was said, where the server wants it kept."""

    async def append(self, guild_id: int, lines: Sequence[TranscriptLine]) -> None:
        """Keep these lines; one that is there (session, utterance, language) is replaced.

        All of them or none; at most some hundred.
        """

    async def sessions(self, guild_id: int, most: int) -> list[tuple[str, float, float, int]]:
        """Return (session, began, ended, lines) of each, the newest first."""

    def pages(
        self, guild_id: int, session: str, since: float
    ) -> AsyncGenerator[Sequence[TranscriptLine], None]:
        """Yield a session's lines with words that were said since then, some at a time.

        In order of speech, an utterance's languages together.
        """

    async def languages(self, guild_id: int, session: str, since: float) -> list[str]:
        """Return the languages a session was translated into since then, sorted."""

    async def last_utterance(self, guild_id: int, session: str) -> int:
        """Return the highest number in a session; 0 when there is nothing."""

    async def forget_lines(self, guild_id: int, user_id: int) -> int:
        """Remove everything that this member said; returns how many lines."""

    async def expire(self, guild_id: int, before: float) -> int:
        """Remove what was said before (seconds since 1970); returns how many lines."""


class RoomStore(Protocol):
    """The rooms that run."""

    async def save_room(self, room: SavedRoom) -> None:
        """Keep it, in the place of what was for its guild."""

    async def drop_room(self, guild_id: int) -> None:
        """Delete a guild's saved room, which ended."""

    async def room(self, guild_id: int) -> SavedRoom | None:
        """Return a guild's saved room, if one is kept."""

    async def rooms(self, shard: int = 0, shards: int = 1) -> list[SavedRoom]:
        """Return all of one shard's that ran when their process ended.

        Unreadable ones are left out and logged.
        """


class GuildStore(Protocol):
    """Servers that invited the bot or removed it."""

    async def guilds(self) -> frozenset[int]:
        """Return the ids of all guilds of which anything is kept."""

    async def departed(self) -> frozenset[int]:
        """Return the ids of the guilds that removed the bot."""

    async def guild_left(self, guild_id: int, at: float) -> None:
        """Note when a guild removed the bot (seconds since 1970); its data goes 30 days later."""

    async def guild_back(self, guild_id: int) -> None:
        """Record that a guild invited the bot again in time."""

    async def greet(self, guild_id: int, joined: float) -> bool:
        """Remember that it was greeted; False where it was since the bot joined it then.

        Args:
            guild_id: The guild.
            joined: When the bot joined it, in seconds since 1970.
        """

    async def purge(self, before: float) -> int:
        """Remove everything of guilds that were left before; returns how many guilds."""


class DeclineStore(Protocol):
    """Who said no, per guild: where everybody is heard who did not, it has to be remembered."""

    async def declining(self, guild_id: int) -> frozenset[int]:
        """Return the user ids of those who said no."""

    async def decline(self, guild_id: int, user_id: int) -> None:
        """Remember that this person said no, and forget that they agreed."""

    async def undecline(self, guild_id: int, user_id: int) -> None:
        """Forget that this person said no."""


class UsageHistory(Protocol):
    """Usage rows that are old."""

    async def expire(self, before: date) -> int:
        """Remove the days before this one, of all guilds; returns how many rows."""
