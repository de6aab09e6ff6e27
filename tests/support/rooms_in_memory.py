"""Rooms with everything around them in memory: links that are made anew, wishes, what is saved."""

import asyncio
from collections.abc import Callable

from bot.domain.audience import Pages
from bot.domain.events import Member, Speech
from bot.domain.plan import RoomPlan
from bot.domain.ports import Listener, Look
from bot.domain.stored import GuildSettings, MemberLanguages
from bot.errors import VoiceLinkError
from bot.room.fan_out import Fanning, FanOut
from bot.room.languages import Reading
from bot.room.listening.nobody import NoPages
from tests.support.clock import ManualClock
from tests.support.records import MemorySettings
from tests.support.room import MemoryBoard, MemoryConsent, MemoryInterpreter, MemoryLink, World
from tests.support.rooms import (
    MemoryRooms,
    MemoryVoices,
    MemoryWishes,
    OpenChannels,
    RoomParts,
    Roomy,
)
from tests.support.synthesis import MemorySynthesis
from tests.support.texts import MemoryTexts

ANA, BEN = Member(1, "Ana"), Member(2, "Ben")
FRAME = bytes(640)


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


class House:
    """By default each chosen language has a conversation; readers' are made in writing."""

    def __init__(
        self,
        *members: Member,
        wishes: MemoryWishes | None = None,
        most: int = 5,
        guests: int = 2,
        fan_out: FanOut = FanOut.AUTO,
        pages: Pages | None = None,
    ) -> None:
        self.clock = ManualClock()
        self.world = Street(*members)
        self.interpreter = MemoryInterpreter()
        self.interpreter.spoken |= {"fr": True, "de": True}
        self.synthesis = MemorySynthesis("en", "fr", "de")
        self.texts = MemoryTexts("en", "es", "fr", "de")
        self.settings = MemorySettings()
        self.settings.guilds[1] = GuildSettings(guests=guests)
        self.saved = MemoryRooms()
        self.wish_store = wishes or MemoryWishes()
        self.voice_store = MemoryVoices()
        self.channels = OpenChannels()
        self.rooms = RoomParts(
            interpreter=self.interpreter,
            answers=MemoryConsent(*(member.id for member in members)),
            join_voice=self._join,
            open_board=self._open,
            clock=self.clock,
            fanning=Fanning(fan_out, self.texts, Roomy()),
            synthesis=self.synthesis,
            settings=self.settings,
            wishes=self.wish_store,
            voices=self.voice_store,
            saved=self.saved,
            most_languages=most,
            readers=self.channels,
            pages=pages or NoPages(),
        ).rooms()

    # A test may put others in the place of the world's.

    async def _join(self, channel_id: int, listener: Listener, *, speaks: bool) -> MemoryLink:
        return await self.world.join_voice(channel_id, listener, speaks=speaks)

    async def _open(
        self, channel_id: int, look: Look, refused: Callable[[str], None]
    ) -> MemoryBoard:
        return await self.world.open_board(channel_id, look, refused)

    async def start(
        self,
        *targets: str,
        spoken: str | None = None,
        guests: int | None = None,
        originals: bool = True,
    ) -> None:
        plan = RoomPlan(1, 10, 20, targets or ("en",), spoken, guests=guests, originals=originals)
        await self.rooms.start(plan, ANA.id)

    async def reading(self, member: Member, wishes: MemberLanguages) -> Reading:
        """What comes of what they want to read."""
        await self.rooms.wishes.put(1, member.id, wishes)
        return await self.rooms.wishes.reading(1, member.id, wishes)

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
