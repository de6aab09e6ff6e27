"""How late captions are, as whoever watches the bot is told."""

from dataclasses import replace

import pytest

from bot.chat.board import ChannelBoard
from bot.domain.events import TYPED, Origin
from bot.domain.meters import Unmetered
from bot.errors import ChatError
from tests.unit.chat.test_board import Channel, ManualClock, caption, settle


class Lateness(Unmetered):
    """Keeps what is told."""

    def __init__(self) -> None:
        self.first: list[float] = []
        self.final: list[float] = []
        self.codes: list[str] = []

    def first_caption(self, seconds: float) -> None:
        self.first.append(seconds)

    def final_caption(self, seconds: float) -> None:
        self.final.append(seconds)

    def failed(self, code: str) -> None:
        self.codes.append(code)


async def test_first_words_and_whole_captions_are_measured_once_they_stand() -> None:
    channel, clock, told = Channel(), ManualClock(), Lateness()
    board = ChannelBoard(channel, clock, meters=told)
    clock.time = 1.5
    channel.hold.clear()
    board.show(caption(1, "Good"))  # of speech that began at 0
    await clock.advance(0.5)
    assert told.first == []  # it is on its way
    channel.hold.set()
    await settle()
    assert told.first == [2.0]
    await clock.advance(2.0)
    board.show(replace(caption(1, "Good morning."), ended_at=None))
    await clock.advance(2.0)
    board.show(replace(caption(1, "Good morning.", final=True), ended_at=5.0))
    await clock.advance(2.0)
    assert told.first == [2.0]
    assert told.final == [pytest.approx(1.0)]  # its text stood at 6 s already
    source = replace(caption(1, "Good morning.", final=True), source_text="Buenos.", ended_at=5.0)
    board.show(source)
    await clock.advance(5.0)
    assert len(told.final) == 1
    await board.close()


async def test_what_was_typed_is_not_measured_and_failures_are_told() -> None:
    channel, clock, told = Channel(), ManualClock(), Lateness()
    board = ChannelBoard(channel, clock, meters=told)
    typed = replace(caption(1, "Hello.", final=True), origin=Origin(-1, TYPED, 1), ended_at=0.0)
    channel.fail.append(ChatError("No.", retryable=True))
    board.show(typed)
    await clock.advance(20.0)
    assert len(channel.texts()) == 1
    assert (told.first, told.final, told.codes) == ([], [], ["chat"])
    await board.close()
