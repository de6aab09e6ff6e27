"""`make capacity`: adds rooms step by step until the bot is full, and says what filled up first."""

import argparse
import asyncio
import gc
import json
import math
import os
import re
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from bot.loopback import LoopbackDiscord, MessageEdited, MessagePosted, Observation, Person
from bot.loopback.state.entities import Channel
from tests.bench.measure import Child
from tests.capacity import service, voice
from tests.capacity.bot_process import BotProcess, Use
from tests.support.postgres import Postgres, postgres_server

STEPS = (1, 5, 20, 40, 60, 80, 100, 120, 140, 160, 200)
PEOPLE = 2  # in a room
COMPARED = 20  # rooms: no later one may cost more
MOST_LATE_MS = 500.0
CORE_IS_FULL = 0.97
LEAST_HEARD = 0.9  # of the utterances: where fewer are, a step of so many rooms says less
VOICE_LATE_S = 0.05  # of the harness: beyond it its packets are not those of people any more
_WORD = re.compile(r"p\d+c\d+n\d+")
_MORE = "…"


@dataclass(frozen=True, slots=True)
class Step:
    """What was found with so many rooms.

    Attributes:
        core: Share of a core that the bot took.
        loop: The share that its main thread had of it.
        room_ms: Milliseconds of CPU a second for each room.
        resident_mb: Memory that is its own.
        finals: How many translations were final.
        missing: How many of these were not posted in time to be seen.
        p50_ms: From the service's event to the request at Discord.
        p95_ms: Likewise.
        dropped: Datagrams that the kernel dropped.
        heard: Share of the speech's utterances that the service heard.
        machine: Share of all cores that was in use, by whatever.
        harness_ms: Lateness of the harness's packets, p99.
        refused: Requests that Discord answered with 429.
        transactions: Of PostgreSQL, a second for each room; 0 with SQLite.
        requests: To Discord, a second for each room.
    """

    rooms: int
    core: float
    loop: float
    room_ms: float
    resident_mb: float
    finals: int
    missing: int
    p50_ms: float
    p95_ms: float
    dropped: int
    heard: float
    machine: float
    harness_ms: float
    refused: int
    transactions: float
    requests: float


class Captions:
    """When the final of each utterance came to Discord, by its word."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self.requests = 0

    def __call__(self, observation: Observation) -> None:
        if not isinstance(observation, MessagePosted | MessageEdited):
            return
        self.requests += 1
        now = time.monotonic()
        for line in observation.message.content.split("\n"):
            if not line.endswith(_MORE) and (found := _WORD.search(line)):
                self.at.setdefault(found[0], now)


@dataclass(frozen=True, slots=True)
class Harness:
    """All processes but the bot's."""

    discord: LoopbackDiscord
    voices: list[voice.VoiceProcess]
    services: list[Child]
    captions: Captions
    database: Postgres | None

    def transactions(self) -> int:
        """Return how many there were in PostgreSQL."""
        if self.database is None:
            return 0
        said = self.database.sql("SELECT sum(xact_commit) FROM pg_stat_database")
        return int(next(filter(str.isdecimal, said.split())))

    def said(self) -> dict[str, float]:
        """When each utterance was final at the service, since this was asked last."""
        found: dict[str, float] = {}
        for child in self.services:
            child.pipe.send("said")
            more = child.result()
            assert isinstance(more, dict)
            found |= more
        return found

    def lateness_s(self) -> float:
        """Return the worst p99 of the voice processes since this was asked last."""
        figures = [process.ask("figures") for process in self.voices]
        for _, _, complaints in figures:
            assert complaints == [], complaints[:3]
        return max(float(late) for late, _, _ in figures)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def _open_room(discord: LoopbackDiscord, number: int, account_id: int) -> None:
    """A server of its own, whose two people are in voice and agreed."""
    account = discord._backend.world.bots[account_id]
    guild = discord.add_guild(f"Server {number}")
    text, lounge = guild.add_text_channel("captions"), guild.add_voice_channel("Lounge")
    guild.invite(account)
    people = [guild.add_person(f"speaker{number}{x}", admin=True) for x in "ab"[:PEOPLE]]
    for person in people:
        await person.join(lounge)
    for attempt in range(5):
        started = await people[0].command(
            "translate start", {"to": "en", "channel": lounge}, channel=text
        )
        if "Translating" in started.content:
            break
        await asyncio.sleep(1.0 + attempt)
    assert "Translating" in started.content, started.content
    await _agree(people[1:], text)


async def _agree(people: list[Person], text: Channel) -> None:
    notice = next(m for m in text.messages if m.components and not m.deleted)
    for person in people:
        await person.press(notice, "Join in")


async def _measure(
    harness: Harness, bot: BotProcess, rooms: int, settle_s: float, lasting_s: float
) -> Step:
    await asyncio.sleep(settle_s)
    dropped, refused = bot.dropped(), len(harness.discord.rate_limited)
    harness.said()
    harness.lateness_s()
    written, seen = harness.transactions(), harness.captions.requests
    before = bot.use()
    await asyncio.sleep(lasting_s)
    after = bot.use()
    written, seen = harness.transactions() - written, harness.captions.requests - seen
    said, late_s = harness.said(), harness.lateness_s()
    await asyncio.sleep(3.0)  # the last of them are on their way
    at = harness.captions.at
    late = sorted((at.get(word, math.inf) - final) * 1e3 for word, final in said.items())
    core, machine, loop = _shares(before, after)
    cycle_s = voice.CYCLE * voice.FRAME_S
    return Step(
        rooms=rooms,
        core=core,
        loop=loop,
        room_ms=core * 1e3 / rooms,
        resident_mb=bot.resident_mb(),
        finals=len(said),
        missing=late.count(math.inf),
        p50_ms=statistics.median(late) if late else math.inf,
        p95_ms=late[int(len(late) * 0.95)] if late else math.inf,
        dropped=bot.dropped() - dropped,
        heard=len(said) / (rooms * PEOPLE * (after.at - before.at) / cycle_s),
        machine=machine,
        harness_ms=late_s * 1e3,
        refused=len(harness.discord.rate_limited) - refused,
        transactions=written / (after.at - before.at) / rooms,
        requests=seen / (after.at - before.at) / rooms,
    )


def _shares(before: Use, after: Use) -> tuple[float, float, float]:
    """The bot's share of a core, all programs' of all cores, the event loop's of the bot's."""
    took = after.at - before.at
    cpu = after.cpu_s - before.cpu_s
    cores = os.cpu_count() or 1
    machine = (after.machine_s - before.machine_s) / took / cores
    return cpu / took, machine, (after.loop_s - before.loop_s) / cpu


def verdict(step: Step) -> str | None:
    """Say what is full with these figures; None: there is room for more."""
    if step.harness_ms > VOICE_LATE_S * 1e3:
        return "the harness: its packets are late, so what is found says nothing of the bot"
    if step.rooms >= COMPARED and step.heard < LEAST_HEARD:
        return f"the words: the service heard {step.heard:.0%} of what was said"
    if step.core >= CORE_IS_FULL:
        return f"the bot's core, of which the event loop has {step.loop:.0%}"
    if step.p95_ms > MOST_LATE_MS:
        if step.machine > CORE_IS_FULL:
            return "the machine: all its cores are in use, by the harness and others too"
        return f"the captions: late with {step.core:.0%} of a core in use"
    return None


def summary(found: list[Step]) -> str:
    """Say how many rooms there was room for, and whether the later ones cost no more each."""
    held = [step for step in found if verdict(step) is None]
    if not held:
        return "There was room for none."
    most = held[-1]
    said = f"{most.rooms} rooms within {most.core:.0%} of a core, p95 {most.p95_ms:.0f} ms."
    at_20 = next((step for step in held if step.rooms == COMPARED), None)
    later = [step.room_ms for step in held if step.rooms > COMPARED]
    if at_20 is not None and later:
        said += (
            f" CPU of each room: {at_20.room_ms:.2f} ms/s at {COMPARED} rooms, with more of them "
            f"at most {max(later):.2f}."
        )
    return said


_HEAD = (
    f"{'rooms':>5}{'core':>7}{'loop':>6}{'ms/s a room':>13}{'MB':>6}{'finals':>8}{'missing':>8}"
    f"{'p50 ms':>8}{'p95 ms':>8}{'heard':>7}{'dropped':>8}{'429':>5}{'req/s':>7}"
    f"{'xact/s':>8}{'machine':>9}{'harness ms':>11}"
)


def _row(s: Step) -> str:
    return (
        f"{s.rooms:>5}{s.core:>7.0%}{s.loop:>6.0%}{s.room_ms:>13.2f}{s.resident_mb:>6.0f}"
        f"{s.finals:>8}{s.missing:>8}{s.p50_ms:>8.0f}{s.p95_ms:>8.0f}{s.heard:>7.0%}"
        f"{s.dropped:>8}{s.refused:>5}{s.requests:>7.2f}{s.transactions:>8.2f}{s.machine:>9.0%}{s.harness_ms:>11.1f}"
    )


@dataclass(frozen=True, slots=True)
class Processes:
    """What runs beside the bot, before there is a Discord."""

    voices: list[voice.VoiceProcess]
    services: list[Child]
    port: int
    database: Postgres | None


async def _run(asked: argparse.Namespace, folder: Path, beside: Processes) -> list[Step]:
    found: list[Step] = []
    url = f"sqlite+aiosqlite:///{folder / 'parley.db'}"
    if (database := beside.database) is not None:
        database.sql("CREATE DATABASE parley")
        uri = str(database._server.get_uri(database="parley"))
        url = uri.replace("postgresql://", "postgresql+asyncpg://")
    make = voice.voice_of(beside.voices, folder / "ca.pem")
    async with LoopbackDiscord(make_voice=make) as discord:
        account = discord.add_bot("Parley")
        harness = Harness(discord, beside.voices, beside.services, Captions(), database)
        discord.subscribe(harness.captions)
        env = {
            "DISCORD_TOKEN": account.token,
            "DISCORD_API_URL": discord.api_url,
            "DISCORD_GATEWAY_URL": discord.gateway_url,
            "DISCORD_CA_FILE": str(discord.ca_file),
            "DASHSCOPE_URL": f"ws://127.0.0.1:{beside.port}/api-ws/v1/realtime",
            "DATABASE_URL": url,
            "LIVETRANSLATE_CONNECTS_PER_MINUTE": "1000",
            "LIVETRANSLATE_OPEN_CONVERSATIONS": "1000",
            "LIVETRANSLATE_TOKENS_PER_MINUTE": "1000000000",
            "HEALTH_PORT": "0",
        }
        profiled = ("-m", "cProfile", "-o", str(asked.profile.resolve())) if asked.profile else ()
        async with BotProcess(env, folder, (sys.executable, *profiled)) as bot:
            await discord.gateway_connected(account, 60.0)
            _say(f"The bot's process is {bot.pid}.\n{_HEAD}")
            rooms = 0
            for wanted in asked.steps:
                while rooms < wanted:
                    rooms += 1
                    await _open_room(discord, rooms, account.id)
                gc.collect()
                gc.freeze()
                step = await _measure(harness, bot, rooms, asked.settle, asked.seconds)
                found.append(step)
                _say(_row(step))
                if (full := verdict(step)) is not None:
                    _say(f"Full at {rooms} rooms: {full}.")
                    break
        _say(summary(found))
        if log := bot.log():
            _say(f"The bot logged:\n{log[-4000:]}")
    return found


def main() -> int:
    """Measure, print, and write JSON where asked."""
    arguments = argparse.ArgumentParser(prog="make capacity")
    arguments.add_argument("--json", type=Path, help="write each step here")
    arguments.add_argument("--seconds", type=float, default=36.0, help="that each step is measured")
    arguments.add_argument("--settle", type=float, default=15.0, help="before each")
    arguments.add_argument("--voices", type=int, default=2, help="processes that talk")
    arguments.add_argument("--services", type=int, default=2, help="processes that translate")
    arguments.add_argument("--steps", type=int, nargs="+", default=STEPS, help="numbers of rooms")
    arguments.add_argument("--postgres", action="store_true", help="as the bot's database")
    arguments.add_argument("--profile", type=Path, help="write the event loop's profile here")
    asked = arguments.parse_args()
    port, kept = service.port()
    voices: list[voice.VoiceProcess] = []
    services: list[Child] = []
    try:
        voices += [voice.VoiceProcess() for _ in range(asked.voices)]
        for number in range(asked.services):
            services.append(Child(partial(service.serve, number, port)))
            services[-1].result()
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="parley-capacity-"))
            database = stack.enter_context(postgres_server()) if asked.postgres else None
            beside = Processes(voices, services, port, database)
            found = asyncio.run(_run(asked, Path(folder), beside))
    finally:
        for process in voices:
            process.end()
        for child in services:
            with suppress(OSError):
                child.pipe.send("end")
            child.end()
        kept.close()
    if asked.json is not None:
        text = json.dumps([asdict(step) for step in found], indent=2)
        asked.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
