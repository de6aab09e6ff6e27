"""Changes of a server's settings: checked as a whole, kept, then told to whoever they concern."""

from collections.abc import Callable, Mapping
from typing import Final

from bot.domain.stored import GuildSettings
from bot.domain.stores import SettingsStore
from bot.errors import UsageError
from bot.guild.room_languages import check_guests
from bot.locks import KeyedLimit
from bot.words import language_name, listing, number, t, tn
from bot.words.catalogue import LOCALES
from bot.words.codes import ORIGINAL

MOST_ROLES: Final = 25  # as many as Discord's menu takes
MOST_AUTO_CHANNELS: Final = 10
MOST_TRANSCRIPT_DAYS: Final = 365
MOST_CAPTION_MINUTES: Final = 7 * 24 * 60
MOST_DAILY_MINUTES: Final = 100_000.0

Changed = Callable[[int, GuildSettings], None]
Edit = Callable[[GuildSettings], GuildSettings]


class SettingsService:
    """The settings of every guild; itself a SettingsStore, which remembers what it read.

    Args:
        store: Where they are kept.
        languages: Target languages, each with whether it can be spoken.
        most_languages: How many languages a room may have.
        most_guests: How many of them guests may ever add; 0: none can be made for them.
        host_minutes: Returns the minutes a day that the host allows a guild; 0 means no limit.
    """

    def __init__(
        self,
        store: SettingsStore,
        *,
        languages: Mapping[str, bool],
        most_languages: int = 5,
        most_guests: int = 4,
        host_minutes: Callable[[int], float] = lambda _: 0.0,
    ) -> None:
        self._store = store
        self._languages = languages
        self.most_languages = most_languages
        self.most_guests = most_guests
        self.host_minutes = host_minutes
        self._known: dict[int, GuildSettings] = {}
        self._changing = KeyedLimit()  # of a guild: one reads or changes
        self._listeners: list[Changed] = []

    @property
    def languages(self) -> Mapping[str, bool]:
        """Those that can be translated into, and whether each can be spoken."""
        return self._languages

    @property
    def targets(self) -> Mapping[str, bool]:
        """Those that a room may have: the same, and what is spoken as it is."""
        return {**self._languages, ORIGINAL: False}

    def listen(self, changed: Changed) -> Callable[[], None]:
        """Call back with a guild's new settings, once they are kept; returns how to stop it.

        The call comes at once and must not await.
        """
        self._listeners.append(changed)
        return lambda: self._listeners.remove(changed)

    async def settings(self, guild_id: int) -> GuildSettings:
        """Return a guild's settings as they hold now.

        Raises:
            StoreError: The store can't be read.
        """
        known = self._known.get(guild_id)
        if known is None:
            async with self._changing.of(guild_id):  # so that no older state is remembered
                known = await self._read(guild_id)
        return known

    async def put_settings(self, guild_id: int, settings: GuildSettings) -> None:
        """Put these in the place of what holds; else as `change`."""
        await self.change(guild_id, lambda _: settings)

    async def change(self, guild_id: int, edit: Edit) -> GuildSettings:
        """Change a guild's settings, whole or not at all; returns what holds now.

        Two changes at once come one after the other, and none is lost. What an edit leaves as it
        was is not checked again: a language that the service has dropped is in nobody's way.

        Raises:
            UsageError: A value can't be; the sentence says which may.
            StoreError: They can't be kept; what was holds.
        """
        async with self._changing.of(guild_id):
            before = await self._read(guild_id)
            after = edit(before)
            if after == before:
                return before
            self._check(before, after, self.host_minutes(guild_id))
            await self._store.put_settings(guild_id, after)
            self._known[guild_id] = after
            for changed in tuple(self._listeners):
                changed(guild_id, after)
            return after

    def forget(self, guild_id: int) -> None:
        """Read this guild's settings afresh when they are asked for: the store lost them."""
        self._known.pop(guild_id, None)

    async def _read(self, guild_id: int) -> GuildSettings:
        if guild_id not in self._known:
            self._known[guild_id] = await self._store.settings(guild_id)
        return self._known[guild_id]

    def _check(self, before: GuildSettings, after: GuildSettings, host_minutes: float) -> None:
        if after.targets != before.targets:
            self._check_targets(after.targets)
        if (after.spoken, after.targets) != (before.spoken, before.targets):
            self._check_spoken(after)
        if len(after.starter_roles) > MOST_ROLES:
            raise UsageError(t("You can choose up to {most} roles.", most=number(MOST_ROLES, 0)))
        if len(after.auto_channels) > MOST_AUTO_CHANNELS:
            raise UsageError(
                t(
                    "Up to {most} voice channels can start automatically.",
                    most=number(MOST_AUTO_CHANNELS, 0),
                )
            )
        if not 0 <= after.transcript_days <= MOST_TRANSCRIPT_DAYS:
            raise UsageError(
                t(
                    "Transcripts can be kept for 0 to {most} days; 0 keeps none.",
                    most=number(MOST_TRANSCRIPT_DAYS, 0),
                )
            )
        if not 0 <= after.caption_minutes <= MOST_CAPTION_MINUTES:
            raise UsageError(
                t(
                    "Captions can be deleted after 1 to {most} minutes; 0 keeps them.",
                    most=number(MOST_CAPTION_MINUTES, 0),
                )
            )
        if after.daily_minutes != before.daily_minutes:
            _check_minutes(after.daily_minutes, host_minutes)
        if after.guests not in (before.guests, GuildSettings().guests):
            check_guests(after.guests, self.most_guests)
        if after.locale not in (before.locale, None, *LOCALES):
            raise UsageError(
                t("My own messages aren't available in that language. Choose one from the list.")
            )

    def _check_targets(self, targets: tuple[str, ...]) -> None:
        if not targets:
            raise UsageError(t("Choose at least one language to translate into, for example en."))
        if len(set(targets)) != len(targets):
            raise UsageError(t("Each language can be given only once."))
        if len(targets) > self.most_languages:
            raise UsageError(
                tn(
                    "You can choose up to {most} language.",
                    "You can choose up to {most} languages.",
                    self.most_languages,
                    most=number(self.most_languages, 0),
                )
            )
        unknown = [target for target in targets if target not in self.targets]
        if unknown:
            raise UsageError(
                t(
                    "I can't translate into {languages}.",
                    languages=listing(language_name(code) for code in unknown),
                )
            )

    def _check_spoken(self, after: GuildSettings) -> None:
        if after.spoken is None:
            return
        name = language_name(after.spoken)
        if after.spoken not in after.targets:
            raise UsageError(t("{language} isn't one of the default languages.", language=name))
        if not self._languages.get(after.spoken, False):
            raise UsageError(
                t(
                    "{language} is available as text only; the service can't speak it.",
                    language=name,
                )
            )


def _check_minutes(minutes: float | None, host_minutes: float) -> None:
    if minutes is None:
        return
    if not 0 < minutes <= MOST_DAILY_MINUTES:
        raise UsageError(
            t(
                "The daily limit can be 1 to {most} minutes; 0 uses the host's limit.",
                most=number(MOST_DAILY_MINUTES, 0),
            )
        )
    if 0 < host_minutes < minutes:
        raise UsageError(
            tn(
                "This bot's host allows {most} minute per day; a server can only lower that.",
                "This bot's host allows {most} minutes per day; a server can only lower that.",
                host_minutes,
                most=number(host_minutes),
            )
        )
