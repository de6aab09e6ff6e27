"""What is kept of a server's calls, in memory."""

from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from dataclasses import replace

from bot.domain.stored import GuildSettings, Term, TranscriptLine
from bot.errors import GlossaryFullError, StoreError


class MemoryTranscripts:
    """Keeps lines; fails while `broken`."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, str, int, str], TranscriptLine] = {}
        self.batches: list[int] = []
        self.broken = False

    def _check(self) -> None:
        if self.broken:
            raise StoreError("The disk is full.", retryable=True)

    async def append(self, guild_id: int, lines: Sequence[TranscriptLine]) -> None:
        self._check()
        self.batches.append(len(lines))
        for line in lines:
            self.rows[guild_id, line.session, line.utterance, line.language] = line

    async def sessions(self, guild_id: int, most: int) -> list[tuple[str, float, float, int]]:
        self._check()
        found = []
        for session in {key[1] for key in self.rows if key[0] == guild_id}:
            lines = self._lines(guild_id, session)
            ends = max(line.until for line in lines)
            found.append((session, min(line.at for line in lines), ends, len(lines)))
        return sorted(found, key=lambda one: one[1], reverse=True)[:most]

    def _lines(self, guild_id: int, session: str) -> list[TranscriptLine]:
        self._check()
        keys = sorted(key for key in self.rows if key[:2] == (guild_id, session))
        return [self.rows[key] for key in keys]

    async def pages(
        self, guild_id: int, session: str, since: float
    ) -> AsyncGenerator[Sequence[TranscriptLine], None]:
        found = [
            line
            for line in self._lines(guild_id, session)
            if line.at >= since and (line.text or line.source_text)
        ]
        for start in range(0, len(found), 2):
            yield found[start : start + 2]

    async def languages(self, guild_id: int, session: str, since: float) -> list[str]:
        lines = self._lines(guild_id, session)
        return sorted({line.language for line in lines if line.text and line.at >= since})

    async def last_utterance(self, guild_id: int, session: str) -> int:
        lines = self._lines(guild_id, session)
        return max((line.utterance for line in lines), default=0)

    def _remove(self, keys: Collection[tuple[int, str, int, str]]) -> int:
        self._check()
        for key in keys:
            del self.rows[key]
        return len(keys)

    async def forget_lines(self, guild_id: int, user_id: int) -> int:
        rows = self.rows.items()
        return self._remove([k for k, line in rows if (k[0], line.user_id) == (guild_id, user_id)])

    async def expire(self, guild_id: int, before: float) -> int:
        rows = self.rows.items()
        return self._remove([k for k, line in rows if k[0] == guild_id and line.at < before])


class MemorySettings:
    def __init__(self, **days: int) -> None:
        self.guilds = {1: GuildSettings(transcript_days=days.get("days", 0))}

    async def settings(self, guild_id: int) -> GuildSettings:
        return self.guilds.get(guild_id, GuildSettings())

    async def put_settings(self, guild_id: int, settings: GuildSettings) -> None:
        self.guilds[guild_id] = replace(settings)


class MemoryGlossary:
    def __init__(self) -> None:
        self.rows: dict[tuple[int, str, str], Term] = {}

    async def terms(self, guild_id: int, target: str | None = None) -> list[Term]:
        return [
            term
            for (guild, language, _), term in sorted(self.rows.items())
            if guild == guild_id and target in (None, language)
        ]

    async def put_terms(
        self, guild_id: int, terms: Collection[Term], *, most: int
    ) -> tuple[int, int]:
        rows = {(guild_id, term.target, term.source): term for term in terms}
        new = sum(key not in self.rows for key in rows)
        changed = sum(key in self.rows and self.rows[key] != rows[key] for key in rows)
        if len(await self.terms(guild_id)) + new > most:
            raise GlossaryFullError("full")
        self.rows |= rows
        return new, changed

    async def remove_terms(self, guild_id: int, target: str | None, sources: Iterable[str]) -> int:
        wanted = set(sources)
        keys = [
            key
            for key in self.rows
            if key[0] == guild_id and target in (None, key[1]) and key[2] in wanted
        ]
        for key in keys:
            del self.rows[key]
        return len(keys)
