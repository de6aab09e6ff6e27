import asyncio
import threading

from bot.audio.gate import WINDOW
from bot.domain.events import Member, Speech
from bot.voice.noise_gate import GatedListener

SPEECH, NOISE = b"\1\0" * WINDOW, bytes(WINDOW * 2)


class Loud:
    """Finds speech in whatever is not zero."""

    made_on: "list[threading.Thread]" = []  # noqa: RUF012 - one test at a time

    def __init__(self) -> None:
        Loud.made_on.append(threading.current_thread())

    def probability(self, window: bytes) -> float:
        return float(any(window))

    def restart(self) -> None:
        pass


class Inner:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def heard(self, speech: Speech) -> None:
        self.told.append((speech.user_id, speech.pcm))

    def fell_silent(self, user_id: int, at: float) -> None:
        self.told.append((user_id, at))

    def joined(self, member: Member) -> None:
        self.told.append(member)

    def left(self, user_id: int) -> None:
        self.told.append(("left", user_id))

    def noticed(self, code: str, text: str) -> None:
        self.told.append((code, text))

    def lost(self, reason: str) -> None:
        self.told.append(reason)


async def gated(*users: int) -> tuple[GatedListener, Inner]:
    """A listener with a closed gate for each of these."""
    Loud.made_on.clear()
    inner = Inner()
    listener = GatedListener(inner, Loud)
    for user in users:
        listener.heard(Speech(user, NOISE, 1.0))
    async with asyncio.timeout(5):
        while len(listener._detectors) < len(users):  # noqa: ASYNC110 - made on another thread
            await asyncio.sleep(0)
    for user in users:
        listener.fell_silent(user, 1.0)
    inner.told.clear()
    return listener, inner


async def test_all_goes_through_until_the_detector_is_there_and_then_only_speech() -> None:
    inner = Inner()
    listener = GatedListener(inner, Loud)
    listener.heard(Speech(1, NOISE, 1.0))
    assert inner.told == [(1, NOISE)]
    listener, inner = await gated(1)
    assert Loud.made_on != [threading.current_thread()]
    listener.heard(Speech(1, NOISE, 2.0))
    assert inner.told == []
    listener.heard(Speech(1, SPEECH, 2.1))
    listener.fell_silent(1, 2.3)
    assert inner.told == [(1, NOISE + SPEECH), (1, 2.3)]


async def test_speakers_have_gates_of_their_own() -> None:
    listener, inner = await gated(1, 2)
    listener.heard(Speech(1, SPEECH, 2.0))
    listener.heard(Speech(2, NOISE, 2.0))
    listener.fell_silent(2, 2.2)
    assert inner.told == [(1, SPEECH)]


async def test_what_was_held_long_ago_is_not_put_before_new_speech() -> None:
    listener, inner = await gated(1)
    listener.heard(Speech(1, NOISE, 2.0))
    listener.heard(Speech(1, SPEECH, 60.0))
    assert inner.told == [(1, SPEECH)]


async def test_the_detector_of_one_who_left_serves_the_next() -> None:
    listener, inner = await gated(1)
    listener.heard(Speech(1, SPEECH, 2.0))
    listener.left(1)
    assert inner.told == [(1, SPEECH), (1, 2.0), ("left", 1)]
    listener.heard(Speech(3, NOISE, 3.0))
    assert len(Loud.made_on) == 1
    assert len(inner.told) == 3


async def test_everything_else_is_passed_on() -> None:
    listener, inner = await gated()
    listener.joined(Member(1, "Ana"))
    listener.noticed("moved", "I was moved.")
    listener.lost("I was removed.")
    assert inner.told == [Member(1, "Ana"), ("moved", "I was moved."), "I was removed."]
