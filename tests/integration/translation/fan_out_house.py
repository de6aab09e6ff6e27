"""A room with the real translation parts, over real sockets, between memory ends."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from bot.clock import LoopClock
from bot.domain.events import Caption, Member, Speech
from bot.domain.plan import RoomPlan
from bot.room.fan_out import Fanning, FanOut
from bot.room.rooms import Rooms
from bot.translation.text import qwen_mt
from bot.translation.text.queue import TextQueue
from tests.integration.translation.translation_room import FLAT, KEY
from tests.integration.translation.translation_service import Service, spoken
from tests.support.live_translate import live_translate
from tests.support.room import MemoryBoard, MemoryConsent, World
from tests.support.rooms import RoomParts


class TimedBoard(MemoryBoard):
    """Remembers when each caption became final."""

    def __init__(self) -> None:
        super().__init__()
        self.final_at: dict[int, float] = {}

    def show(self, caption: Caption) -> None:
        super().show(caption)
        if caption.final and caption.text:
            self.final_at.setdefault(caption.key, time.monotonic())


@dataclass
class House:
    """The room, and what its members do."""

    rooms: Rooms
    world: World
    board: TimedBoard
    queue: TextQueue
    members: list[Member] = field(default_factory=list)

    async def says(self, member: Member, *words: int, pace_s: float = 0.01) -> None:
        listener = self.world.listener
        assert listener is not None
        for word in words:
            listener.heard(Speech(member.id, spoken(word), time.monotonic()))
            await asyncio.sleep(pace_s)
        listener.fell_silent(member.id, time.monotonic())

    def finals(self, language: str) -> dict[tuple[str, str], Caption]:
        """The final captions of a language by speaker and text."""
        return {
            (caption.speaker.name, caption.text): caption
            for caption in self.board.standing()
            if caption.language == language and caption.final
        }

    async def until_finals(self, count: int) -> None:
        async with asyncio.timeout(40):
            while sum(c.final for c in self.board.standing()) < count:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def house(
    service: Service,
    *languages: str,
    members: int = 1,
    mode: FanOut = FanOut.AUTO,
    spoken_back: str | None = None,
    per_minute: int = 1200,
    connects_per_minute: int = 30,
    model: str = FLAT,
) -> AsyncIterator[House]:
    clock = LoopClock()
    interpreter = live_translate(
        url=service.url,
        api_key=KEY,
        model=model,
        clock=clock,
        connects_per_minute=connects_per_minute,
    )
    mt = qwen_mt.QwenMt(url=service.url, api_key=KEY, model="qwen-mt-flash")
    queue = TextQueue(
        mt.send,
        languages=qwen_mt.languages(frozenset(interpreter.languages())),
        per_minute=per_minute,
        clock=clock,
        chance=random.Random(1),
    )
    people = [Member(number, f"Member {number}") for number in range(1, members + 1)]
    world = World(*people)
    world.board = board = TimedBoard()
    rooms = RoomParts(
        interpreter=interpreter,
        answers=MemoryConsent(*(member.id for member in people)),
        join_voice=world.join_voice,
        open_board=world.open_board,
        clock=clock,
        fanning=Fanning(mode, queue, interpreter),
    ).rooms()
    await rooms.start(RoomPlan(1, 10, 20, languages, spoken_back), people[0].id)
    try:
        yield House(rooms, world, board, queue, people)
    finally:
        await rooms.close()
        await queue.close()
        await mt.close()
        await interpreter.close()
