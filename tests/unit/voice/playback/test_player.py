import asyncio
import sys
from collections.abc import Callable, Iterator

import discord
import numpy as np
import pytest

from bot.audio.opus import SILENCE, Decoder
from bot.voice.figures import Figures
from bot.voice.playback.player import AHEAD, JITTER_S, Gate, Player
from bot.voice.playback.priority import turns
from tests.support.clock import ManualClock
from tests.support.sounds import Sound, lag, pcm_of, sine, sound, spoken

FRAME_BYTES = 960
TAIL = 1  # frames more than the voice has, as the limiter keeps 2.5 ms


@pytest.fixture(autouse=True)
def _usual_turns() -> Iterator[None]:
    """Let no player of one test play on in the next."""
    yield
    for player in tuple(turns._playing):
        turns.end(player)


class Stage:
    """Where a player plays: the test pulls each frame itself."""

    def __init__(self) -> None:
        self.gate = Gate.SEND
        self.connected = True
        self.starts = 0
        self.figures = Figures()
        self.clock = ManualClock()
        self.source: discord.AudioSource | None = None
        self.ended: Callable[[Exception | None], None] | None = None
        self.player = Player(self.start, lambda: self.gate, self.figures, self.clock)

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
            self.clock.advance(0.02)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return out

    def play(self, pcm: bytes, *, whole: bool = True) -> None:
        track = self.player.begin()
        track.add(pcm)
        if whole:
            track.end()


def heard(frames: list[bytes]) -> Sound:
    """What a member hears of frames."""
    decoder = Decoder(24_000)
    return sound(b"".join(decoder.decode(frame) for frame in frames))


async def test_pieces_that_come_in_time_play_without_a_gap() -> None:
    stage = Stage()
    track = stage.player.begin()
    track.add(b"\1\0" * 480 * 20)
    first = await stage.pull(10)
    track.add(b"\1\0" * 480 * 10)
    track.end()
    rest = await stage.pull(20)
    assert SILENCE not in first + rest
    assert stage.starts == 1
    assert track.left_s() == 0.0
    assert track.over


async def test_a_short_first_piece_waits_for_more_but_not_long() -> None:
    stage = Stage()
    track = stage.player.begin()
    track.add(b"\1\0" * 480 * 5)
    assert stage.starts == 0
    stage.clock.advance(JITTER_S / 2)
    track.add(b"\1\0" * 480 * 5)
    assert stage.starts == 0
    stage.clock.advance(JITTER_S / 2 + 0.001)
    assert stage.starts == 1
    assert JITTER_S <= 0.12


async def test_plenty_or_the_whole_is_played_at_once() -> None:
    stage = Stage()
    stage.play(b"\1\0" * 480 * 2)
    assert stage.starts == 1
    other = Stage()
    other.play(b"\1\0" * 480 * 19, whole=False)
    assert other.starts == 1


async def test_the_player_lingers_in_silence_then_ends_and_starts_again() -> None:
    stage = Stage()
    stage.play(b"\1\0" * 960)
    await stage.pull(2 + TAIL)
    assert set(await stage.pull(15)) == {SILENCE}
    assert await stage.pull(1) == [b""]
    stage.play(b"\1\0" * 480)
    assert stage.starts == 1
    assert stage.ended is not None
    stage.ended(None)
    await asyncio.sleep(0)
    assert stage.starts == 2


async def test_a_tail_shorter_than_a_frame_is_played() -> None:
    stage = Stage()
    stage.play(b"\1\0" * (480 * 3 + 50))
    frames = await stage.pull(4)
    assert SILENCE not in frames
    assert stage.player.queued_s() == 0.0
    assert stage.figures.sent == 4


async def test_nothing_is_taken_while_the_call_has_no_key() -> None:
    stage = Stage()
    stage.gate = Gate.HOLD
    stage.play(b"\1\0" * 480 * 5)
    assert set(await stage.pull(30)) == {SILENCE}
    stage.gate = Gate.SEND
    assert SILENCE not in await stage.pull(5)


async def test_what_nobody_is_there_to_hear_is_dropped_in_its_time() -> None:
    stage = Stage()
    stage.gate = Gate.DISCARD
    stage.play(b"\1\0" * 480 * 5)
    assert set(await stage.pull(5 + TAIL)) == {SILENCE}
    assert stage.player.queued_s() == 0.0
    assert stage.figures.sent == 0


async def test_what_could_not_start_is_started_when_the_link_is_back() -> None:
    stage = Stage()
    stage.connected = False
    stage.play(b"\1\0" * 480)
    assert stage.starts == 0
    stage.connected = True
    stage.player.resume()
    assert stage.starts == 1


async def test_a_closed_player_ends_with_the_next_frame() -> None:
    stage = Stage()
    track = stage.player.begin()
    track.add(bytes(FRAME_BYTES * 50))
    await stage.pull(1)
    stage.player.close()
    assert track.over
    stage.play(bytes(FRAME_BYTES))
    assert await stage.pull(1) == [b""]
    assert stage.player.begin().over


async def test_what_is_heard_is_the_service_s_voice_sample_by_sample() -> None:
    stage = Stage()
    pcm = spoken()
    track = stage.player.begin()
    for at in range(0, len(pcm), 7_680):
        track.add(pcm[at : at + 7_680])
    track.end()
    out = heard(await stage.pull(len(pcm) // FRAME_BYTES + 2))
    source = sound(pcm)
    places = []
    for at in range(4_800, len(source) - 14_400, 9_600):
        place, likeness = lag(source[at : at + 9_600], out)
        if np.abs(source[at : at + 9_600]).max() > 0.05:
            assert likeness > 0.95
            places.append(place - at)
    assert max(places) - min(places) <= 1


@pytest.mark.parametrize("change", ["drop", "hold", "gain"])
async def test_a_change_of_mind_is_heard_within_a_tenth_of_a_second(change: str) -> None:
    stage = Stage()
    track = stage.player.begin()
    track.add(pcm_of(sine(300, 3.0)))
    await stage.pull(50)
    if change == "drop":
        track.drop()
    elif change == "hold":
        track.hold(on=True)
    else:
        track.set_gain(0.0)
    assert AHEAD * 0.02 <= 0.1
    frames = await stage.pull(20)
    out = heard(frames)
    changed = np.abs(out[(AHEAD + 3) * 480 :]).max() if change != "gain" else 0
    assert changed < 0.01
    assert np.abs(out[15 * 480 :]).max() < 0.25 / 2


async def test_two_tracks_are_heard_at_the_same_time() -> None:
    stage = Stage()
    stage.play(pcm_of(sine(300, 1.0)))
    stage.play(pcm_of(sine(1_000, 1.0)))
    out = heard(await stage.pull(50))[12_000:]
    spectrum = np.abs(np.fft.rfft(out))
    strongest = np.sort(np.argsort(spectrum)[-2:]) * 24_000 / len(out)
    assert strongest == pytest.approx([300, 1_000], abs=3)


async def test_after_an_interruption_the_begun_utterance_is_over_and_the_next_is_whole() -> None:
    stage = Stage()
    begun = stage.player.begin()
    begun.add(pcm_of(sine(300, 3.0)))
    await stage.pull(20)
    stage.clock.advance(2.0)  # the player's thread waits for the connection
    following = stage.player.begin()
    assert set(await stage.pull(3)) == {SILENCE}
    assert begun.over
    following.add(pcm_of(sine(600, 0.5)))
    following.end()
    out = heard(await stage.pull(20))
    assert np.argmax(np.abs(np.fft.rfft(out))) * 24_000 / len(out) == pytest.approx(600, abs=5)
    assert following.over is False
    await stage.pull(20)
    assert following.over


async def test_an_utterance_not_yet_begun_survives_a_new_connection() -> None:
    stage = Stage()
    stage.connected = False
    track = stage.player.begin()
    track.add(pcm_of(sine(300, 1.0)))
    track.end()
    stage.player.renewed()
    assert not track.over
    stage.connected = True
    stage.player.resume()
    assert SILENCE not in await stage.pull(50)


async def test_an_underrun_is_counted_and_heard_as_a_pause() -> None:
    stage = Stage()
    track = stage.player.begin()
    track.add(pcm_of(sine(300, 0.5)))
    await stage.pull(60)
    assert stage.figures.underruns == 1
    assert not track.over
    track.add(pcm_of(sine(300, 0.5)))
    track.end()
    if stage.ended is not None:
        stage.ended(None)
        await asyncio.sleep(0)
    assert SILENCE not in await stage.pull(20)


async def test_what_comes_while_a_minute_is_queued_is_counted() -> None:
    stage = Stage()
    track = stage.player.begin()
    for _ in range(70):
        track.add(bytes(48_000))
    assert stage.figures.dropped_voice_s == pytest.approx(10, abs=1.1)


async def test_threads_give_way_sooner_while_any_player_plays() -> None:
    usual_s = sys.getswitchinterval()
    one, other = Stage(), Stage()
    one.play(b"\1\0" * 480)
    other.play(b"\1\0" * 480)
    assert sys.getswitchinterval() < usual_s
    assert one.ended is not None
    await one.pull(30)
    one.ended(None)
    await asyncio.sleep(0)
    assert sys.getswitchinterval() < usual_s
    other.player.close()
    assert sys.getswitchinterval() == pytest.approx(usual_s)
