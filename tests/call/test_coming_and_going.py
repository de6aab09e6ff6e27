"""A door that never rests: a hundred joins and leaves while one member speaks."""

import asyncio
import itertools
import logging

import pytest

from bot.loopback import Person
from tests.integration.voice.voice_lounge import Lounge, lounge, tone, within

COMINGS = 100
PIECE_S = 3.0  # of speech, one after the other for as long as guests come
BETWEEN_S = 0.1
LOST_MS = 200
GUESTS = 4  # of whom each is out again before it comes back


async def come_and_go(scene: Lounge, guests: list[Person]) -> int:
    """Each comes and goes in turn, so that one or two are there at any time."""
    comings = 0
    inside: Person | None = None
    for guest in itertools.islice(itertools.cycle(guests), COMINGS):
        await guest.join(scene.channel)
        comings += 1
        await asyncio.sleep(BETWEEN_S)
        if inside is not None:
            await inside.leave()
        inside = guest
    assert inside is not None
    await inside.leave()
    return comings


@pytest.mark.timeout(120)
async def test_a_hundred_joins_and_leaves_cost_nothing_of_what_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    async with lounge() as scene:
        ana = await scene.person("Ana")
        guests = [scene.guild.add_person(f"Guest {number}") for number in range(GUESTS)]
        link = await scene.connect(ana)
        loop = asyncio.get_running_loop()
        coming = scene.tasks.start(come_and_go(scene, guests), "guests")
        began = loop.time()
        pieces = 0
        while not coming.done():
            await ana.speak(tone(440, PIECE_S))
            pieces += 1
        comings = coming.result()
        took = loop.time() - began
        await within(10, lambda: scene.ears.silences.count(ana.id) == pieces)
        await within(10, lambda: len(scene.ears.gone) == COMINGS)
        figures = link.figures()
        missing = pieces * PIECE_S - scene.ears.seconds(ana)
        lost_ms = figures["lost"] * 20 + max(0.0, missing) * 1000
        print(f"{comings} joins and leaves in {took:.1f} s: {lost_ms:.0f} ms of speech lost")  # noqa: T201
        assert lost_ms <= LOST_MS
        assert abs(missing) <= LOST_MS / 1000
        assert len(scene.ears.entered) == COMINGS
        assert figures["internal_errors"] == 0
        assert figures["rejoins"] == 0
        assert took < 60
    bad = [r for r in caplog.records if r.levelno >= logging.ERROR or r.exc_info]
    assert not bad, [record.getMessage() for record in bad]
