import asyncio
from collections.abc import Callable

import discord

from bot.audio.opus import SILENCE
from bot.voice.figures import Figures
from bot.voice.playback.player import Gate, Player

FRAME_BYTES = 960


class Stage:
    """Where a player plays: the test pulls each frame itself."""

    def __init__(self) -> None:
        self.gate = Gate.SEND
        self.connected = True
        self.starts = 0
        self.figures = Figures()
        self.source: discord.AudioSource | None = None
        self.ended: Callable[[Exception | None], None] | None = None
        self.player = Player(self.start, lambda: self.gate, self.figures)

    def start(self, source: discord.AudioSource, ended: Callable[[Exception | None], None]) -> bool:
        if not self.connected:
            return False
        self.starts += 1
        self.source, self.ended = source, ended
        return True

    async def pull(self, frames: int) -> list[bytes]:
        assert self.source is not None
        out = []
        for _ in range(frames):
            out.append(self.source.read())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return out


async def test_pieces_that_come_in_time_play_without_a_gap() -> None:
    stage = Stage()
    stage.player.play(b"\1\0" * 480 * 10)
    first = await stage.pull(5)
    stage.player.play(b"\1\0" * 480 * 5)
    rest = await stage.pull(10)
    assert SILENCE not in first + rest
    assert stage.starts == 1
    assert stage.player.queued_s() == 0.0


async def test_the_player_lingers_in_silence_then_ends_and_starts_again() -> None:
    stage = Stage()
    stage.player.play(bytes(FRAME_BYTES * 2))
    await stage.pull(2)
    assert set(await stage.pull(15)) == {SILENCE}
    assert await stage.pull(1) == [b""]
    stage.player.play(bytes(FRAME_BYTES))
    assert stage.starts == 1
    assert stage.ended is not None
    stage.ended(None)
    await asyncio.sleep(0)
    assert stage.starts == 2


async def test_a_tail_shorter_than_a_frame_is_played() -> None:
    stage = Stage()
    stage.player.play(bytes(FRAME_BYTES * 3 + 100))
    frames = await stage.pull(4)
    assert SILENCE not in frames
    assert stage.player.queued_s() == 0.0
    assert stage.figures.sent == 4


async def test_nothing_is_taken_while_the_call_has_no_key() -> None:
    stage = Stage()
    stage.gate = Gate.HOLD
    stage.player.play(bytes(FRAME_BYTES * 5))
    assert set(await stage.pull(30)) == {SILENCE}
    stage.gate = Gate.SEND
    assert SILENCE not in await stage.pull(5)


async def test_what_nobody_is_there_to_hear_is_dropped_in_its_time() -> None:
    stage = Stage()
    stage.gate = Gate.DISCARD
    stage.player.play(bytes(FRAME_BYTES * 5))
    assert set(await stage.pull(5)) == {SILENCE}
    assert stage.player.queued_s() == 0.0
    assert stage.figures.sent == 0


async def test_what_could_not_start_is_started_when_the_link_is_back() -> None:
    stage = Stage()
    stage.connected = False
    stage.player.play(bytes(FRAME_BYTES))
    assert stage.starts == 0
    stage.connected = True
    stage.player.resume()
    assert stage.starts == 1


async def test_a_closed_player_ends_with_the_next_frame() -> None:
    stage = Stage()
    stage.player.play(bytes(FRAME_BYTES * 50))
    await stage.pull(1)
    stage.player.close()
    stage.player.play(bytes(FRAME_BYTES))
    assert await stage.pull(1) == [b""]
