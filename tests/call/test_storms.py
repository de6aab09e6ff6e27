"""Buttons and commands that are hammered, by one person or by many."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from bot.domain.stored import GuildSettings
from bot.errors import LoopbackError
from bot.loopback import Channel, Complaint, Permissions, Person, ReceivedAnswer
from bot.ui.cooldowns import MOST_DONE, PACES, Done
from tests.call.test_room_commands import kept
from tests.call.test_room_panel import VOICE, panel_of
from tests.call.test_run import UNUSED_ENGINE
from tests.support.call import Place, ask, bot_at, enter, notice_of, place
from tests.support.log_lines import logged

PRESSES = 1200
STORM_S = 8.0
AT_ONCE = 40
LONGER_S = 8.0  # that a storm may last where the machine is busy
LEAST_ANSWERED = 0.25
UNKNOWN_INTERACTION = 10062
REFUSED = "You stay out: you are not heard."
STAYS_OUT = "You're staying out: nothing you say is heard or kept."
IS_OUT = "You are not being heard, and nothing is kept about this."
FAST = "You're doing this too often. Try again in "
MANY = "Too many people here are doing this at once. Try again in "

Press = Callable[[int], Coroutine[Any, Any, ReceivedAnswer]]


async def storm(
    press: Press, times: int = PRESSES, within_s: float = STORM_S
) -> list[ReceivedAnswer]:
    """So many presses, evenly in this time, none waiting for the one before; all the answers.

    Discord, the bot and the people share a machine here. Where it has much else to do, presses come
    as fast as it takes them, and a few may not be answered in the time that Discord waits.
    """
    begun = time.monotonic()
    at_once = asyncio.Semaphore(AT_ONCE)
    pressed = 0

    async def one(number: int) -> ReceivedAnswer | None:
        nonlocal pressed
        at = begun + number * within_s / times
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        async with at_once:
            if time.monotonic() > begun + within_s + LONGER_S:
                return None
            pressed += 1
            try:
                return await press(number)
            except LoopbackError:  # it was not acknowledged within three seconds
                return None

    answers = await asyncio.gather(*(one(number) for number in range(times)))
    answered = [answer for answer in answers if answer is not None]
    assert len(answered) >= pressed * LEAST_ANSWERED
    return answered


def begins(answers: list[ReceivedAnswer], beginning: str) -> int:
    """How many of them begin so."""
    return sum(answer.content.startswith(beginning) for answer in answers)


def troubles(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as gone wrong."""
    return logged(r for r in caplog.records if r.levelno >= logging.WARNING)


def complaints(where: Place) -> list[Complaint]:
    """What Discord minded, but for answers that a busy machine made too late."""
    return [one for one in where.discord.complaints if one.code != UNKNOWN_INTERACTION]


def managers(where: Place) -> list[Person]:
    """Fifty people who may change a room from wherever they are."""
    role = where.guild.add_role("Managers", Permissions.MANAGE_GUILD)
    people = [where.guild.add_person(f"Manager {number}") for number in range(50)]
    for person in people:
        where.guild.give(person, role)
    return people


def notices(where: Place) -> list[str]:
    """What the channel was told of pauses."""
    said = [message.content for message in where.captions.messages]
    return [
        text
        for text in said
        if text.startswith(("Translation is already paused", "Translation resumed"))
    ]


async def elsewhere(person: Person, channel: Channel, seconds: float) -> int:
    """How often a member of another server is served meanwhile; Discord gives none of it up."""
    served = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = await person.command("translate usage", {}, channel=channel)
        assert answer.content.startswith("**Today:**") or FAST in answer.content
        served += 1
        await asyncio.sleep(0.5)
    return served


async def test_one_person_who_presses_1200_times_is_told_to_wait_and_others_feel_nothing(
    tmp_path: Path, service_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with place() as where:
        village = where.discord.add_guild("Village")
        square = village.add_text_channel("square")
        village.invite(where.account)
        neighbour = village.add_person("Neighbour")
        async with bot_at(where, tmp_path, service_url):
            host = await enter(where.guild.add_person("Host"), where)
            ana = where.guild.add_person("Ana")
            await ask(host, where, "translate start", to="en")
            notice = await notice_of(where)
            before = len(where.captions.messages)
            begun = time.monotonic()
            answers, served = await asyncio.gather(
                storm(lambda _: ana.press(notice, "Join in")),
                elsewhere(neighbour, square, STORM_S),
            )
            took = time.monotonic() - begun
            posted = len(where.captions.messages) - before
        assert complaints(where) == []
    pace = PACES["parley:consent:join"]
    assert 1 <= len(answers) - begins(answers, FAST) <= pace.times * (1 + took // pace.seconds)
    assert all(answer.ephemeral for answer in answers)
    assert posted <= 1, "the panel, if it was not there yet"
    assert served > 0
    assert troubles(caplog) == []


async def test_fifty_people_press_no_more_out_of_a_server_than_one_may(
    tmp_path: Path, service_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with place() as where:
        async with bot_at(where, tmp_path, service_url):
            host = await enter(where.guild.add_person("Host"), where)
            crowd = managers(where)
            await ask(host, where, "translate start", to="en")
            panel = await panel_of(where)
            before = len(where.captions.messages)
            begun = time.monotonic()
            answers = await storm(lambda number: crowd[number % 50].press(panel, VOICE))
            took = time.monotonic() - begun
            posted = len(where.captions.messages) - before
            assert panel.edits is not None
            edits = len(panel.edits)
        assert complaints(where) == []
    assert begins(answers, "English is now read aloud.") <= MOST_DONE[Done.VOICE]
    pace = PACES[VOICE]
    assert begins(answers, FAST) >= len(answers) - 50 * pace.times * (1 + took // pace.seconds)
    assert begins(answers, MANY) > 0
    assert posted == 0
    assert edits <= took / 5 + 2
    assert troubles(caplog) == []


async def test_fifty_people_who_pause_and_resume_fill_no_channel(tmp_path: Path) -> None:
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE) as app:
        host = await enter(where.guild.add_person("Host"), where)
        crowd = managers(where)
        await ask(host, where, "translate start", to="en")

        async def turn(number: int) -> ReceivedAnswer:
            command = "translate pause" if number % 2 else "translate resume"
            return await crowd[number % 50].command(command, channel=where.captions)

        answers = await storm(turn, times=300, within_s=4.0)
        assert begins(answers, "Translation resumed.") <= MOST_DONE[Done.RESUME]
        assert begins(answers, FAST) + begins(answers, MANY) > 0
        await ask(host, where, "translate pause")
        room = app.rooms.find(where.guild.id)
        assert room is not None
        assert room.paused, "that is never refused"
        await where.until(lambda: notices(where) != [], 20, "the notices")
        assert len(notices(where)) <= 2 * MOST_DONE[Done.RESUME] + 1


async def test_a_server_starts_so_many_rooms_and_who_may_not_uses_up_none_of_them(
    tmp_path: Path,
    service_url: str,
) -> None:
    async with place() as where:
        role = where.guild.add_role("Interpreters")
        await kept(where, tmp_path, GuildSettings(starter_roles=frozenset({role.id})))
        options = {"to": "en", "channel": where.lounge}
        async with bot_at(where, tmp_path, service_url):
            for number in range(3):
                guest = where.guild.add_person(f"Guest {number}")
                for _ in range(PACES["translate start"].times):
                    refused = await ask(guest, where, "translate start", **options)
                    assert refused.content.startswith("In this server, only members")
            crowd = managers(where)
            for number in range(MOST_DONE[Done.START]):
                started = await ask(crowd[number], where, "translate start", **options)
                assert started.content.startswith("Translating"), started.content
                busy = await ask(crowd[number + 20], where, "translate start", **options)
                assert busy.content.startswith("This server is already translating a voice channel")
                await ask(crowd[number], where, "translate stop")
            refused = await ask(crowd[-1], where, "translate start", **options)
            assert refused.content.startswith(MANY)


async def test_who_hammers_stay_out_is_out_whatever_they_pressed_before(
    tmp_path: Path, service_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with place() as where:
        async with bot_at(where, tmp_path, service_url) as app:
            host = await enter(where.guild.add_person("Host"), where)
            ana = await enter(where.guild.add_person("Ana"), where)
            await ask(host, where, "translate start", to="en")
            notice = await notice_of(where)
            consent = await app.rooms.consent(where.guild.id)
            for _ in range(3):
                joined = await ana.press(notice, "Join in")
                assert joined.content.startswith("You've joined in")
                answers = await storm(lambda _: ana.press(notice, "Stay out"), 200, 1.0)
                assert ana.id not in consent.agreed
                assert begins(answers, FAST) == begins(answers, MANY) == 0
            said = Counter(answer.content for answer in answers)
            # As often as that may be done it is stored anew, and nothing but that they are out is
            # said.
            assert said.keys() <= {REFUSED, STAYS_OUT, IS_OUT}
            assert said[REFUSED] > 0
            left = await ask(ana, where, "privacy leave")
            assert "not being heard" in left.content
        assert complaints(where) == []
    assert troubles(caplog) == []


async def test_a_refusal_is_in_the_language_of_who_is_refused(tmp_path: Path) -> None:
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE):
        ana = where.guild.add_person("Ana", locale="de")

        async def wish(_: int) -> ReceivedAnswer:
            return await ana.command(
                "translate my-languages", {"reads": "fr"}, channel=where.captions
            )

        answers = await storm(wish, 40, 1.0)
        told = [
            a.content for a in answers if a.content.startswith("Du machst das zu oft. Versuch es")
        ]
        assert len(told) == len(answers) - PACES["translate my-languages"].times
        assert all(content.endswith(" Sekunden noch einmal.") for content in told)


async def test_what_is_offered_while_one_types_is_bounded_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE):
        ana = where.guild.add_person("Ana")

        async def typed(_: int) -> int:
            options = {"reads": "fr"}
            return len(
                await ana.autocomplete(
                    "translate my-languages", options, focused="reads", channel=where.captions
                )
            )

        offered = await asyncio.gather(*(typed(number) for number in range(100)))
        assert sum(count > 0 for count in offered) == 40
        await ask(ana, where, "translate usage")  # typing leaves the command itself alone
    assert troubles(caplog) == []
