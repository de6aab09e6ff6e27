"""Rooms with everything around them in memory: links that are made anew, wishes, what is saved."""

import asyncio

from bot.domain.events import Member, Speech
from bot.domain.notices import EveryTextChannel, Sight
from bot.domain.ports import Listener
from bot.domain.stored import GuildSettings, MemberLanguages, SavedRoom
from bot.errors import VoiceLinkError
from bot.room.fan_out import Fanning, FanOut
from bot.room.languages import Reading
from bot.room.room import RoomPlan
from bot.room.rooms import Rooms
from tests.support.clock import ManualClock
from tests.support.records import MemorySettings
from tests.support.room import MemoryConsent, MemoryInterpreter, MemoryLink, World
from tests.support.texts import MemoryTexts

ANA, BEN = Member(1, "Ana"), Member(2, "Ben")
FRAME = bytes(640)


class Wishbook:
    """A WishStore in memory."""

    def __init__(self, **said: MemberLanguages) -> None:
        self.rows = {int(name.removeprefix("u")): wishes for name, wishes in said.items()}

    async def wishes(self, guild_id: int) -> dict[int, MemberLanguages]:
        assert guild_id == 1
        return dict(self.rows)

    async def put_wishes(self, guild_id: int, user_id: int, wishes: MemberLanguages) -> None:
        assert guild_id == 1
        self.rows[user_id] = wishes

    async def forget_wishes(self, guild_id: int, user_id: int) -> None:
        assert guild_id == 1
        self.rows.pop(user_id, None)


class Roombook:
    """A RoomStore in memory."""

    def __init__(self) -> None:
        self.rows: dict[int, SavedRoom] = {}

    async def save_room(self, room: SavedRoom) -> None:
        self.rows[room.guild_id] = room

    async def drop_room(self, guild_id: int) -> None:
        self.rows.pop(guild_id, None)

    async def room(self, guild_id: int) -> SavedRoom | None:
        return self.rows.get(guild_id)

    async def rooms(self) -> list[SavedRoom]:
        return list(self.rows.values())


class Street(World):
    """A World in which each joining makes a new link; some channels are closed."""

    def __init__(self, *members: Member) -> None:
        super().__init__(*members)
        self.members = members
        self.links: list[MemoryLink] = []
        self.closed: set[int] = set()
        self.spoke: list[bool] = []

    async def join_voice(self, channel_id: int, listener: Listener, *, speaks: bool) -> MemoryLink:
        if channel_id in self.closed:
            raise VoiceLinkError("It is full.")
        self.listener = listener
        self.spoke.append(speaks)
        link = MemoryLink(*self.members)
        link.channel_id = channel_id
        self.links.append(link)
        self.link = link
        return link


class Channels(EveryTextChannel):
    """Text channels that all can read but those who are shut out."""

    def __init__(self) -> None:
        self.shut_out: set[int] = set()

    def sight(self, text_channel_id: int, user_id: int) -> Sight:
        if user_id in self.shut_out:
            return Sight.NOTHING
        return super().sight(text_channel_id, user_id)


class Roomy:
    """A service that has room for whatever is wanted."""

    def has_room(self, conversations: int, guild_id: int) -> bool:
        return conversations >= 0 and guild_id == 1


class House:
    """By default each chosen language has a conversation; readers' are made in writing."""

    def __init__(
        self,
        *members: Member,
        wishes: Wishbook | None = None,
        most: int = 5,
        guests: int = 2,
        fan_out: FanOut = FanOut.AUTO,
    ) -> None:
        self.clock = ManualClock()
        self.world = Street(*members)
        self.interpreter = MemoryInterpreter()
        self.interpreter.spoken |= {"fr": True, "de": True}
        self.texts = MemoryTexts("en", "es", "fr", "de")
        self.settings = MemorySettings()
        self.settings.guilds[1] = GuildSettings(guests=guests)
        self.saved = Roombook()
        self.wishbook = wishes or Wishbook()
        self.channels = Channels()
        self.rooms = Rooms(
            interpreter=self.interpreter,
            store=MemoryConsent(*(member.id for member in members)),
            join_voice=self.world.join_voice,
            open_board=self.world.open_board,
            clock=self.clock,
            fanning=Fanning(fan_out, self.texts, Roomy()),
            settings=self.settings,
            wishes=self.wishbook,
            saved=self.saved,
            most_languages=most,
            text_channels=self.channels,
        )

    async def start(
        self, *targets: str, spoken: str | None = None, guests: int | None = None
    ) -> None:
        plan = RoomPlan(1, 10, 20, targets or ("en",), spoken, guests=guests)
        await self.rooms.start(plan, ANA.id)

    async def reading(self, member: Member, wishes: MemberLanguages) -> Reading:
        """What comes of what they want to read."""
        await self.rooms.wish(1, member.id, wishes)
        return await self.rooms.reading(1, member.id, wishes)

    def guest(self, user_id: int) -> Member:
        """Somebody who agreed to nothing."""
        return Member(user_id, f"Guest {user_id}")

    def hear(self, member: Member) -> None:
        assert self.world.listener is not None
        self.world.listener.heard(Speech(member.id, FRAME, self.clock.now()))

    def hush(self, member: Member) -> None:
        assert self.world.listener is not None
        self.world.listener.fell_silent(member.id, self.clock.now())

    def enter(self, member: Member) -> None:
        self.world.link.present[member.id] = member
        assert self.world.listener is not None
        self.world.listener.joined(member)

    def leave(self, member: Member) -> None:
        del self.world.link.present[member.id]
        assert self.world.listener is not None
        self.world.listener.left(member.id)

    def targets(self) -> tuple[str, ...]:
        return self.rooms.status(1).plan.targets

    def open(self, user_id: int) -> set[str]:
        """Languages of this speaker's conversations that are not closed."""
        return {
            c.request.target
            for c in self.interpreter.conversations
            if c.request.speaker_id == user_id and not c.closed
        }


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)
