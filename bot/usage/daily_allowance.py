"""How much a guild may have translated in a day, and what its people read about it.

Minutes are those of the audio that is sent: a sentence that is translated into two languages by two
conversations counts twice, as it is paid twice.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.clock import Clock
from bot.domain.cost import Today
from bot.domain.events import Usage
from bot.domain.spent import Spent
from bot.domain.stored import GuildSettings
from bot.errors import AllowanceError
from bot.usage.access import Access
from bot.usage.ceiling import Ceiling
from bot.usage.ledger import Ledger
from bot.usage.prices import Prices
from bot.words import number, t, tn

_WARN_AT: Final = 0.8
_SENTENCE_GAP_S: Final = 0.8  # a shorter pause does not end a sentence
_LONGEST_SENTENCE_S: Final = 15.0  # after the minutes are used up
_MOST_OVER: Final = _LONGEST_SENTENCE_S / 60  # minutes, however many people finish a sentence
TEXT_TOKENS: Final = 10_000
"""Of text translation for each minute a guild may have translated: what a minute of speech takes in
four further languages with its interims. Texts take no minutes, and a flood of them would have no
other bound."""
VOICE_CHARACTERS: Final = 1_000
"""Of typed words that are read aloud, for each of these minutes: about what is said in one."""


@dataclass(frozen=True, slots=True)
class HostLimits:
    """What the host sets limits to.

    Attributes:
        access: Which servers may use the bot, and how much a day.
        ceiling: What all of them may use in a month.
    """

    access: Access
    ceiling: Ceiling


class Account:
    """What one guild spends and may spend.

    Args:
        guild_id: The guild.
        ledger: Where it is counted.
        prices: Prices by model.
        host: What the host allows.
        own_minutes: Minutes a day that the guild limits itself to; None: as the host allows.
        clock: Tells the time and calls back.
    """

    def __init__(
        self,
        guild_id: int,
        ledger: Ledger,
        prices: Prices,
        *,
        host: HostLimits,
        own_minutes: float | None,
        clock: Clock,
    ) -> None:
        self._guild_id = guild_id
        self._ledger = ledger
        self._prices = prices
        self._host = host
        self._own_minutes = own_minutes
        self._clock = clock
        self._day = ledger.day
        self._warned_of: float | None = None  # the limit of which it was warned today
        self._told = False  # that speech is not translated, and not yet that it is again
        self._used_up_at: float | None = None
        self._reserved = 0  # tokens, for texts under way
        self._reserved_voice = 0  # characters, for what is being read aloud

    @property
    def used_up(self) -> bool:
        """Whether today's minutes are used up."""
        return 0 < self._limit <= self._minutes

    @property
    def stopped(self) -> str | None:
        """Why nothing at all may be translated, until the host or the month changes that."""
        return self._host.access.refusal(self._guild_id) or self._host.ceiling.refusal

    @property
    def _limit(self) -> float:
        host = self._host.access.of(self._guild_id).daily_minutes
        if self._own_minutes is None:
            return host
        return min(self._own_minutes, host) if host else self._own_minutes

    @property
    def _minutes(self) -> float:
        return _minutes(self._ledger.today(self._guild_id))

    def limit_to(self, own_minutes: float | None) -> None:
        """Set how many minutes a day the guild limits itself to; None: as the host allows."""
        self._own_minutes = own_minutes

    def today(self) -> Today:
        """Return what was spent today."""
        amounts = self._ledger.today(self._guild_id)
        return Today(_minutes(amounts), self._limit, self._prices.cost(amounts))

    def used(self, user_id: int, usage: Usage) -> None:
        """Count what a conversation of this person used; `spent.NOBODY` names none."""
        self._host.ceiling.used(self._ledger.used(self._guild_id, user_id, usage))

    def admits(self, heard_at: float | None) -> bool:
        """Return whether speech may be translated now.

        Args:
            heard_at: When its speaker was last heard before: a sentence that was begun while there
                were minutes may be finished, if it is not too long. All those of the guild
                together may take a quarter of a minute of audio for that.
        """
        if self.stopped is not None:
            return False
        if not self.used_up:
            self._used_up_at = None
            return True
        now = self._clock.now()
        if self._used_up_at is None:
            self._used_up_at = now
        return (
            heard_at is not None
            and now - heard_at < _SENTENCE_GAP_S
            and now - self._used_up_at < _LONGEST_SENTENCE_S
            and self._minutes < self._limit + _MOST_OVER
        )

    def notice(self) -> str | None:
        """Return what the people should read now; each matter once a day."""
        limit = self._limit
        if limit == 0 and not self._told:
            return None
        new_day = self._day != self._ledger.day
        if new_day:
            self._day = self._ledger.day
            self._warned_of = None
        if self.used_up:
            told, self._told = self._told, True
            self._warned_of = limit
            return None if told else self._refusal
        if self._told:
            self._told = False
            return (
                t("A new day has begun, so speech is being translated again.")
                if new_day
                else t("The daily limit has changed, so speech is being translated again.")
            )
        return self._warning(limit)

    def _warning(self, limit: float) -> str | None:
        """Return the sentence for when a limit is near, once a day and for each limit."""
        minutes = self._minutes
        if minutes < limit * _WARN_AT:
            if self._warned_of != limit:
                self._warned_of = None  # the new limit has a warning of its own
            return None
        if limit == 0 or self._warned_of is not None:
            return None
        self._warned_of = limit
        return tn(
            "This server has used {minutes} of its {limit} translation minute for today. "
            "When it runs out, translation pauses until midnight UTC.",
            "This server has used {minutes} of its {limit} translation minutes for today. "
            "When they run out, translation pauses until midnight UTC.",
            limit,
            minutes=number(minutes),
            limit=number(limit),
        )

    def check(self) -> None:
        """Check before a room begins.

        Raises:
            NotServedError: The host did not allow the guild.
            AllowanceError: What may be translated today or this month is used up.
        """
        self._check_host()
        if self.used_up:
            raise AllowanceError(self._refusal)
        self._told = False  # who begins on another day needs not be told that it goes on

    def reserve_text(self, characters: int) -> Callable[[], None]:
        """Begin to translate a person's text; return what is to be called when that has ended.

        Until then each character counts as a token, as texts that are asked for at once would all
        pass before any of them is counted.

        Args:
            characters: Of the text, in all languages that it is translated into.

        Raises:
            NotServedError: The host did not allow the guild.
            AllowanceError: What may be translated this month is used up, or today's minutes, or the
                tokens of text translation that go with them.
        """
        self._check_host()
        if self.used_up:
            raise AllowanceError(self._refusal)
        tokens = self._ledger.text_tokens(self._guild_id) + self._reserved
        if 0 < self._limit * TEXT_TOKENS <= tokens:
            raise AllowanceError(
                t(
                    "This server has translated as much text as it can today. Try again after "
                    "midnight UTC."
                )
            )
        self._reserved += characters

        def release() -> None:
            self._reserved -= characters

        return release

    def reserve_voice(self, characters: int) -> Callable[[], None] | None:
        """Begin to read typed words aloud; return what is to be called when that has ended.

        None: not today, as what may be read aloud is used up, or all that may be translated.

        Args:
            characters: As they are charged for. They count until it has ended.
        """
        used = self._ledger.voice_characters(self._guild_id) + self._reserved_voice
        most = self._limit * VOICE_CHARACTERS
        if self.stopped is not None or self.used_up or 0 < most < used + characters:
            return None
        self._reserved_voice += characters

        def release() -> None:
            self._reserved_voice -= characters

        return release

    def _check_host(self) -> None:
        self._host.access.check(self._guild_id)
        if (refusal := self._host.ceiling.refusal) is not None:
            raise AllowanceError(refusal)

    @property
    def _refusal(self) -> str:
        return tn(
            "This server has used its {limit} translation minute for today. Translation "
            "resumes at midnight UTC.",
            "This server has used its {limit} translation minutes for today. Translation "
            "resumes at midnight UTC.",
            self._limit,
            limit=number(self._limit),
        )


class Accounts:
    """The account of every guild.

    Args:
        ledger: Where everything is counted.
        prices: Prices by model.
        host: What the host allows.
        clock: Tells the time and calls back.
        settings: Returns a guild's settings, which may lower its limit.

    Attributes:
        host: What the host allows.
    """

    def __init__(
        self,
        ledger: Ledger,
        prices: Prices,
        *,
        host: HostLimits,
        clock: Clock,
        settings: Callable[[int], Awaitable[GuildSettings]],
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._prices = prices
        self.host = host
        self._clock = clock
        self._guilds: dict[int, Account] = {}

    async def of(self, guild_id: int) -> Account:
        """Return the one account of a guild, which knows what was spent before a restart.

        Raises:
            StoreError: The store can't be read.
        """
        await self._ledger.load(guild_id)
        own = await self._settings(guild_id)
        if guild_id not in self._guilds:
            self._guilds[guild_id] = Account(
                guild_id,
                self._ledger,
                self._prices,
                host=self.host,
                own_minutes=own.daily_minutes,
                clock=self._clock,
            )
        return self._guilds[guild_id]

    def forget(self, guild_id: int) -> None:
        """Drop the account of a guild that removed the bot."""
        self._guilds.pop(guild_id, None)

    def settings_changed(self, guild_id: int, settings: GuildSettings) -> None:
        """Apply a guild's limit at once, in its running room too."""
        if (account := self._guilds.get(guild_id)) is not None:
            account.limit_to(settings.daily_minutes)

    def today(self) -> Today:
        """Return what all guilds that this process knows spent together; without a limit."""
        total: dict[str, Spent] = {}
        for guild_id in self._ledger.guilds():
            for model, amount in self._ledger.today(guild_id).items():
                total[model] = total.get(model, Spent()) + amount
        return Today(_minutes(total), 0, self._prices.cost(total))


def _minutes(amounts: Mapping[str, Spent]) -> float:
    return sum(amount.minutes for amount in amounts.values())
