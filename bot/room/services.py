"""What all rooms of a process use, in frozen groups. The composition root fills them in.

A further consumer of every room's captions or voice becomes one more field of `RoomServices`, which
`RoomFactory` connects as it opens a room.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.clock import Clock
from bot.consent.consent import Consent, Consents
from bot.domain.audience import OpenPage, Pages
from bot.domain.glossary import Glossary, terms
from bot.domain.meters import Meters
from bot.domain.notices import Notices, Occasion, TextChannels
from bot.domain.plan import RoomPlan
from bot.domain.ports import CaptionBoard, Interpreter, JoinVoice, OpenBoard, SpeechSynthesis
from bot.domain.stored import MemberLanguages
from bot.domain.stores import SettingsStore, VoiceStore
from bot.domain.voices import MemberVoice
from bot.guild.preferences import Wishing
from bot.room.ending import InTime
from bot.room.fan_out import Fanning
from bot.room.languages import Allowed
from bot.room.saved_rooms import RememberedRooms
from bot.usage.availability import Services
from bot.usage.daily_allowance import Accounts

Record = Callable[[CaptionBoard, RoomPlan, Consent], Awaitable[CaptionBoard]]
"""Returns a board that shows what this one shows and takes down what the guild wants kept."""


class RoomGlossaries:
    """Holds the terms of guilds that have a room; a guild's own go before the host's.

    Args:
        host: The terms for every guild.
        load: Reads a guild's own terms; asked once for each room.
    """

    def __init__(self, host: Glossary, load: Callable[[int], Awaitable[Glossary]]) -> None:
        self.host = host
        self._load = load
        self._own: dict[int, Glossary] = {}  # by guild

    async def load(self, guild_id: int) -> None:
        """Read a guild's own terms, unless they are known.

        Raises:
            StoreError: They can't be read.
        """
        if guild_id not in self._own:
            loaded = await self._load(guild_id)
            self._own.setdefault(guild_id, loaded)  # or they have changed meanwhile

    def use(self, guild_id: int, own: Glossary) -> None:
        """Put these in the place of a guild's own terms."""
        self._own[guild_id] = own

    def of(self, guild_id: int) -> Glossary:
        """Return what a guild's rooms translate by: its own terms before the host's."""
        own = self._own.get(guild_id, {})
        return {target: terms(target, own, self.host) for target in own.keys() | self.host.keys()}

    def drop(self, guild_id: int) -> None:
        """Keep nothing of a guild, whose room has ended."""
        self._own.pop(guild_id, None)


@dataclass(frozen=True, slots=True)
class TranslationServices:
    """How speech is translated.

    Attributes:
        interpreter: The translation service.
        fanning: Decides how further languages are made.
        synthesis: Reads aloud what is typed.
        availability: What is known of whether the services can be used.
        most_languages: How many languages a room may have.
    """

    interpreter: Interpreter
    fanning: Fanning
    synthesis: SpeechSynthesis
    availability: Services
    most_languages: int

    @property
    def most_guests(self) -> int:
        """How many of a room's languages guests may ever add."""
        return self.most_languages - 1 if self.fanning.readable else 0


@dataclass(frozen=True, slots=True)
class ChannelServices:
    """How rooms reach Discord's channels.

    Attributes:
        join_voice: Joins a voice channel.
        open_board: Opens a text channel for captions.
        notices: Writes what people must read before they are heard.
        readers: Knows who can read a text channel, and whether it can be written to.
        pages: The page on which rooms are read and heard.
    """

    join_voice: JoinVoice
    open_board: OpenBoard
    notices: Notices
    readers: TextChannels
    pages: Pages


@dataclass(frozen=True, slots=True)
class GuildServices:
    """What is kept of guilds and their members.

    Attributes:
        consents: Who agreed to be heard.
        settings: What each guild set.
        wishes: Which languages members speak and read.
        voices: How members want their translations spoken.
        glossaries: How each guild wants terms translated.
        accounts: What each guild spends and may spend.
        saved: The rooms that run, so that they are back after a restart.
    """

    consents: Consents
    settings: SettingsStore
    wishes: Wishing
    voices: VoiceStore
    glossaries: RoomGlossaries
    accounts: Accounts
    saved: RememberedRooms


@dataclass(frozen=True, slots=True)
class RoomServices:
    """Everything that rooms use.

    Attributes:
        translation: How speech is translated.
        channels: How Discord's channels are reached.
        guilds: What is kept of guilds and their members.
        record: Takes down what a board shows.
        clock: Tells the time and calls back.
        meters: Told how long things took, and what failed.
    """

    translation: TranslationServices
    channels: ChannelServices
    guilds: GuildServices
    record: Record
    clock: Clock
    meters: Meters


AskOfMember = Callable[[int], Awaitable[bool]]
"""Asks Discord anew what a member can see, and returns whether that is known now."""

PostNotice = Callable[[RoomPlan, Occasion, tuple[int, ...]], Awaitable[None]]
"""Posts the notice of a room; the user ids are of those who are heard then. Raises ChatError."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a guild and its members want of a room, as it opens.

    Attributes:
        allowed: How many languages it may have.
        wishes: What members said of themselves, by user id.
        voices: How members want to be spoken, by user id.
        glossary: How terms are translated, by target language.
    """

    allowed: Allowed
    wishes: Mapping[int, MemberLanguages]
    voices: Mapping[int, MemberVoice]
    glossary: Glossary


@dataclass(frozen=True, slots=True)
class RoomCallbacks:
    """What a room, or its board, calls of the registry that it belongs to.

    Attributes:
        ended: Called when the room is to end.
        changed: Called when something changed that people see or that has to be remembered.
        unwritable: Called with the reason when nothing can be written in the text channel.
        post_notice: Posts the room's notice.
        in_time: Waits for a part of the room's end.
        open_page: Opens the page on which the room is read and heard.
        ask: Asks Discord anew what a member can see of the text channel.
        meters: Told how long things took, and what failed.
    """

    ended: Callable[[], None]
    changed: Callable[[], None]
    unwritable: Callable[[str], None]
    post_notice: PostNotice
    in_time: InTime
    open_page: OpenPage
    ask: AskOfMember
    meters: Meters
