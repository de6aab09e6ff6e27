"""What `Rooms` are made of, in memory: a test names the parts it cares about."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from bot.clock import Clock
from bot.consent.consent import AnswerStore, Consent, Consents
from bot.domain.audience import Pages
from bot.domain.cost import Cost, Today
from bot.domain.glossary import Glossary
from bot.domain.meters import Meters, Unmetered
from bot.domain.notices import Announcement, Notice, Notices, Sight, TextChannels
from bot.domain.plan import RoomPlan
from bot.domain.ports import CaptionBoard, Interpreter, JoinVoice, OpenBoard, SpeechSynthesis
from bot.domain.stored import MemberLanguages, SavedRoom
from bot.domain.stores import RoomStore, SettingsStore, VoiceStore, WishStore
from bot.domain.voices import AUTOMATIC, MemberVoice
from bot.guild.preferences import Wishing
from bot.room.fan_out import Fanning, FanOut
from bot.room.listening.nobody import NoPages
from bot.room.listening.page import RoomPage
from bot.room.rooms import Rooms
from bot.room.saved_rooms import RememberedRooms
from bot.room.services import (
    ChannelServices,
    GuildServices,
    Record,
    RoomGlossaries,
    RoomServices,
    TranslationServices,
)
from bot.room.written.typed_voices import NoSynthesis
from bot.usage.availability import Services
from bot.usage.daily_allowance import Accounts
from bot.usage.ledger import Ledger
from bot.usage.prices import Prices
from tests.support.clock import ManualClock
from tests.support.records import MemorySettings
from tests.support.room import MemoryConsent, MemoryInterpreter
from tests.support.texts import MemoryTexts
from tests.support.usage_in_memory import Calendar, MemoryUsage, daily

UNSPENT = Today(0, 0, Cost(0))


class MemoryWishes:
    """A WishStore in memory."""

    def __init__(self, **said: MemberLanguages) -> None:
        self.rows = {int(name.removeprefix("u")): wishes for name, wishes in said.items()}

    async def wishes(self, guild_id: int) -> dict[int, MemberLanguages]:
        return dict(self.rows) if guild_id == 1 else {}

    async def put_wishes(self, guild_id: int, user_id: int, wishes: MemberLanguages) -> None:
        assert guild_id == 1
        self.rows[user_id] = wishes

    async def forget_wishes(self, guild_id: int, user_id: int) -> None:
        assert guild_id == 1
        self.rows.pop(user_id, None)


class MemoryVoices:
    """A VoiceStore in memory."""

    def __init__(self) -> None:
        self.rows: dict[int, MemberVoice] = {}

    async def voices(self, guild_id: int) -> dict[int, MemberVoice]:
        return dict(self.rows) if guild_id == 1 else {}

    async def put_voice(self, guild_id: int, user_id: int, voice: MemberVoice) -> None:
        assert guild_id == 1
        self.rows[user_id] = voice
        if voice == AUTOMATIC:
            del self.rows[user_id]


class MemoryRooms:
    """A RoomStore in memory."""

    def __init__(self) -> None:
        self.rows: dict[int, SavedRoom] = {}

    async def save_room(self, room: SavedRoom) -> None:
        self.rows[room.guild_id] = room

    async def drop_room(self, guild_id: int) -> None:
        self.rows.pop(guild_id, None)

    async def room(self, guild_id: int) -> SavedRoom | None:
        return self.rows.get(guild_id)

    async def rooms(self, shard: int = 0, shards: int = 1) -> list[SavedRoom]:
        return [row for row in self.rows.values() if (row.guild_id >> 22) % shards == shard]


class MemoryNotices:
    """Notices that everybody reads at once."""

    def __init__(self) -> None:
        self.posted: list[Notice] = []
        self.announced: list[Announcement] = []
        self.farewells: list[str] = []

    async def post(self, notice: Notice) -> None:
        self.posted.append(notice)

    async def announce(self, text_channel_id: int, announcement: Announcement) -> frozenset[int]:
        assert text_channel_id
        self.announced.append(announcement)
        return frozenset((*announcement.heard, *announcement.others))

    def over(self, guild_id: int) -> None:
        assert guild_id

    async def farewell(self, plan: RoomPlan, starter_id: int, reason: str) -> None:
        assert plan.guild_id
        assert starter_id >= 0
        self.farewells.append(reason)


class OpenChannels:
    """TextChannels that can be written to, and that all can read but those who are shut out."""

    def __init__(self) -> None:
        self.shut_out: set[int] = set()
        self.asked: Callable[[], None] = lambda: None  # what becomes known by asking
        self.known = True

    def sight(self, text_channel_id: int, user_id: int) -> Sight:
        assert text_channel_id
        return Sight.NOTHING if user_id in self.shut_out else Sight.EVERYTHING

    def refusal(self, text_channel_id: int) -> str | None:
        assert text_channel_id
        return None

    async def ask(self, text_channel_id: int, user_ids: Iterable[int]) -> bool:
        assert text_channel_id
        assert list(user_ids)
        self.asked()
        return self.known


class Roomy:
    """A service that has room for whatever is wanted."""

    def has_room(self, conversations: int, guild_id: int) -> bool:
        return conversations >= 0 and guild_id == 1


def unlimited(clock: ManualClock) -> Accounts:
    """Accounts that count and limit nothing."""
    ledger = Ledger(
        MemoryUsage(),
        model="live",
        text_model="text",
        tts_model="a-tts",
        clock=clock,
        wall=Calendar(clock),
    )
    settings = MemorySettings()
    return Accounts(ledger, Prices(), host=daily(0, clock), clock=clock, settings=settings.settings)


def unread_page(clock: Clock) -> RoomPage:
    """Return the page of a room that nobody reads there."""
    plan = RoomPlan(1, 2, 3, ("en",))

    async def ask(_: int) -> bool:
        return True

    return RoomPage(
        plan,
        lambda _: Sight.EVERYTHING,
        clock,
        NoPages().open,
        wanted=lambda: None,
        ask=ask,
    )


def conversations_only() -> Fanning:
    """A conversation for each language."""
    return Fanning(FanOut.SPEECH, MemoryTexts(), Roomy())


async def no_terms(_: int) -> Glossary:
    """No guild has terms of its own."""
    return {}


async def unrecorded(board: CaptionBoard, _: RoomPlan, __: Consent) -> CaptionBoard:
    """Nothing is taken down."""
    return board


@dataclass
class RoomParts:
    """The parts of `RoomServices`; what is not given is in memory, and asks nothing of anybody.

    Attributes:
        host_terms: Terms for every guild.
        own_terms: Reads a guild's own terms.
        now: Seconds since 1970.
    """

    join_voice: JoinVoice
    open_board: OpenBoard
    clock: Clock = field(default_factory=ManualClock)
    interpreter: Interpreter = field(default_factory=MemoryInterpreter)
    fanning: Fanning = field(default_factory=conversations_only)
    synthesis: SpeechSynthesis = field(default_factory=NoSynthesis)
    availability: Services | None = None
    most_languages: int = 5
    notices: Notices = field(default_factory=MemoryNotices)
    readers: TextChannels = field(default_factory=OpenChannels)
    answers: AnswerStore = field(default_factory=MemoryConsent)
    settings: SettingsStore = field(default_factory=MemorySettings)
    wishes: WishStore = field(default_factory=MemoryWishes)
    voices: VoiceStore = field(default_factory=MemoryVoices)
    saved: RoomStore = field(default_factory=MemoryRooms)
    accounts: Accounts | None = None
    host_terms: Glossary = field(default_factory=dict)
    own_terms: Callable[[int], Awaitable[Glossary]] = no_terms
    record: Record = unrecorded
    meters: Meters = field(default_factory=Unmetered)
    pages: Pages = field(default_factory=NoPages)
    now: Callable[[], float] = lambda: 0.0

    def services(self) -> RoomServices:
        """What these parts make."""
        availability = self.availability or Services(self.clock, self.now)
        accounts = self.accounts or unlimited(
            self.clock if isinstance(self.clock, ManualClock) else ManualClock()
        )
        return RoomServices(
            translation=TranslationServices(
                self.interpreter,
                self.fanning,
                self.synthesis,
                availability,
                self.most_languages,
            ),
            channels=ChannelServices(
                self.join_voice, self.open_board, self.notices, self.readers, self.pages
            ),
            guilds=GuildServices(
                consents=Consents(self.answers, self.settings),
                settings=self.settings,
                wishes=Wishing(self.wishes, self.interpreter),
                voices=self.voices,
                glossaries=RoomGlossaries(self.host_terms, self.own_terms),
                accounts=accounts,
                saved=RememberedRooms(self.saved, self.clock, self.now),
            ),
            record=self.record,
            clock=self.clock,
            meters=self.meters,
        )

    def rooms(self) -> Rooms:
        """Rooms over these parts."""
        return Rooms(self.services())
