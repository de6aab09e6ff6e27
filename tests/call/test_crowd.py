"""Many people talk for minutes in a whole call: what those who read the captions see, and when.

The service is a script that hears who speaks by pitch, as the real engine could not keep up with
eight people on a small machine; all else is the real thing, with the loopback's own limits on.
"""

import asyncio
import random
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.domain.stored import Layout
from bot.loopback import Person
from tests.call.conftest import Soak
from tests.integration.translation.translation_service import Service
from tests.support.call import Open, Place, bot_at, enter, notice_of, open_now, place, stop
from tests.support.crowd import Talk
from tests.support.listening_service import CHUNKS_PER_S, ListeningService, hum
from tests.support.readers import Readers, View

LANGUAGES = ("en", "es", "de")
SEED = 7
SETTINGS = {
    "LIVETRANSLATE_CONNECTS_PER_MINUTE": "10",  # a new account's, and the default
    "LIVETRANSLATE_SILENCE_MS": "300",  # people's pauses are short
    "TEXT_REQUESTS_PER_MINUTE": "1200",
}
DISTANCE_S = 0.1  # to Discord
QUIET_WITHIN_S = 30.0
EDGE_S = 0.1  # of an utterance, that may be heard as one chunk more or less at each end


@dataclass(frozen=True, slots=True)
class Heard:
    """A call that is over."""

    readers: Readers
    service: ListeningService
    connects: int
    spoken_s: list[float]  # by speaker
    utterances: list[int]
    refused: int
    cpu_share: float

    def late_s(self) -> list[float]:
        """Seconds from the service's final to its standing in the channel, the shortest first."""
        at = self.readers.final_at()
        return sorted(at[word] - said.at for word, said in self.service.finals.items())

    def figures(self) -> str:
        late = self.late_s()
        return (
            f"{len(late)} finals, {_share(late, 0.5):.2f} s late in the middle,"
            f" {_share(late, 0.95):.2f} s at p95, {late[-1]:.2f} s at worst;"
            f" {len(self.readers.seen)} requests, {self.refused} of them 429;"
            f" {self.connects} connects, {len(self.service.texts.asked)} texts;"
            f" {self.cpu_share:.0%} of a core for all of it"
        )


def _share(late: list[float], share: float) -> float:
    return late[int(len(late) * share)]


async def call(folder: Path, talk: Talk, layout: Layout) -> Heard:
    """People talk in a room of its own, until all that was said stands."""
    chance = random.Random(SEED)
    service = ListeningService(talk.speakers, chance)
    readers = Readers()
    async with place() as where, Service(service.converse, texts=service.texts) as cloud:
        where.discord.subscribe(readers)
        people = [
            where.guild.add_person(f"speaker{number}", admin=number == 0)
            for number in range(talk.speakers)
        ]
        async with bot_at(where, folder, cloud.url, **SETTINGS):
            where.discord.set_distance(DISTANCE_S)
            await _gather(where, people, layout)
            wall, cpu = time.monotonic(), time.process_time()
            spoken = await _talk(people, talk, chance)
            share = (time.process_time() - cpu) / (time.monotonic() - wall)
            await where.until(
                lambda: service.finals.keys() <= readers.final_at().keys(),
                QUIET_WITHIN_S,
                "all finals",
            )
            where.discord.set_distance(0.0)
            await stop(people[0], where)
        for person in people:
            await person.leave()
        assert where.discord.complaints == []
        return Heard(
            readers,
            service,
            cloud.handshakes,
            [sum(seconds) for seconds in spoken],
            [len(seconds) for seconds in spoken],
            len(where.discord.rate_limited),
            share,
        )


async def _gather(where: Place, people: list[Person], layout: Layout) -> None:
    """All enter, the first starts the room, and all join in."""
    for person in people:
        await enter(person, where)
    if layout is not Layout.TOGETHER:
        await people[0].command(
            "settings captions", {"layout": "a thread for each language"}, channel=where.captions
        )
    begin = {"to": ", ".join(LANGUAGES), "channel": where.lounge}
    started = await people[0].command("translate start", begin, channel=where.captions)
    assert "Translating" in started.content
    notice = await notice_of(where)
    for person in people:
        assert (await person.press(notice, "Join in")).ephemeral


async def _talk(people: list[Person], talk: Talk, chance: random.Random) -> list[list[float]]:
    """Everybody says what is theirs at its time; seconds of each utterance by speaker."""
    loop = asyncio.get_running_loop()
    plan: list[list[tuple[float, float]]] = [[] for _ in people]
    for speaker, _, began, ended in talk.utterances(chance):
        plan[speaker].append((began, ended))
    start = loop.time()

    async def speak(speaker: int) -> None:
        for began, ended in plan[speaker]:
            pcm = hum(speaker, ended - began)
            await asyncio.sleep(start + began - loop.time())
            await people[speaker].speak(pcm)

    await asyncio.gather(*(speak(speaker) for speaker in range(len(people))))
    return [[ended - began for began, ended in own] for own in plan]


def check(heard: Heard, layout: Layout) -> None:
    """All that was said was heard; each final stands once, in order, under its name, for good."""
    service, readers = heard.service, heard.readers
    assert service.astray == []
    for speaker, (seconds, count) in enumerate(zip(heard.spoken_s, heard.utterances, strict=True)):
        heard_s = service.heard[LANGUAGES[0], speaker] / CHUNKS_PER_S
        assert abs(heard_s - seconds) <= 2 * EDGE_S * count, f"of speaker {speaker}"
    assert len(service.finals) % len(LANGUAGES) == 0
    assert len(service.finals) >= 0.9 * len(LANGUAGES) * sum(heard.utterances), "few run together"
    names = [f"speaker{number}" for number in range(len(heard.utterances))]
    labelled = layout is Layout.TOGETHER
    view = View(service.finals, names, LANGUAGES, labelled=labelled)
    assert list(readers.objections(view)) == []
    assert list(readers.faults_of_standing(service.finals)) == []
    assert heard.refused == 0


@pytest.mark.timeout(600)
async def test_eight_people_at_once_in_three_languages(tmp_path: Path, soak: Soak) -> None:
    before = open_now()
    heard = await call(
        tmp_path, Talk(8, LANGUAGES, at_once=True, seconds=soak.crowd_s), soak.layout
    )
    print(f"eight at once, {soak.crowd_s:.0f} s: {heard.figures()}")  # noqa: T201 - `make soak` shows it
    check(heard, soak.layout)
    assert heard.connects == 8
    assert _share(heard.late_s(), 0.95) <= 4.0
    _nothing_is_left(before)


@pytest.mark.timeout(600)
async def test_two_people_in_turns_in_three_languages(tmp_path: Path, soak: Soak) -> None:
    before = open_now()
    heard = await call(
        tmp_path, Talk(2, LANGUAGES, at_once=False, seconds=soak.turns_s), soak.layout
    )
    print(f"two in turns, {soak.turns_s:.0f} s: {heard.figures()}")  # noqa: T201 - `make soak` shows it
    check(heard, soak.layout)
    assert _share(heard.late_s(), 0.95) <= 1.5
    _nothing_is_left(before)


def _nothing_is_left(before: Open) -> None:
    after = open_now()
    assert after.threads <= before.threads
    assert after.sockets <= before.sockets
    assert after.tasks <= before.tasks
