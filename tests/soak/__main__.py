"""`make soak MINUTES=n [SEED=s]`: everything at random, and all of it accounted for."""

import argparse
import asyncio
import logging
import random
import secrets
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

from bot.loopback import LoopbackDiscord
from bot.tasks import TaskOwner
from tests.integration.translation.translation_service import Service
from tests.soak.bot_under_watch import Held, WatchedBot, environment
from tests.soak.chaos import Chaos
from tests.soak.sentences import Sentences
from tests.soak.service import SoakService
from tests.soak.town import SoakServer
from tests.soak.watching import REASONS, Watching, account, now

WARM_UP = 0.5  # of the rounds, during which memory may grow
ROUND_S = 45.0  # of faults; then all rooms stop, and it is looked at what is left
SETTLES_S = (
    30.0  # after the last fault: a conversation that froze is noticed, and its words are said anew
)
REST_S = 35.0  # by then aiohttp has closed the connections that it kept, and pages linger no more
SLOPE_KB_AN_HOUR = 1_000.0
# What comes and goes: lines that may still be corrected and answers that failed last, and the pages
# What comes and goes: lines that may still be corrected, answers that failed last, and the pages
LINGERS_KB = 500
GAPS_KB = 2_000
LEAST_CAPTIONED = 0.5  # of what is owed: chaos takes some, and never most of it
TAIL = 80


class EventLog:
    """What happened, with its second; the last of it is shown when something is wrong."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._rows: deque[tuple[float, str]] = deque(maxlen=20_000)

    def __call__(self, what: str, at: float | None = None) -> None:
        self._rows.append((time.monotonic() if at is None else at, what))

    @property
    def rows(self) -> list[str]:
        """All of it by time, a line each."""
        return [f"{at - self._begun:8.1f} {what}" for at, what in sorted(self._rows)]


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def slope_kb_an_hour(looks: list[tuple[float, int]]) -> float:
    """Return the median of all pairs' slopes: a page more here or there is no trend."""
    slopes = [(kb - before) / (at - then) for (then, before), (at, kb) in combinations(looks, 2)]
    return statistics.median(slopes) * 3600 if slopes else 0.0


async def _lives(servers: list[SoakServer], tasks: TaskOwner) -> None:
    for server in servers:
        server.stopping = False
        tasks.start(server.keep(), f"{server.guild.name} keep")
        for person in server.people:
            tasks.start(server.live(person), f"{person.name} live")


async def _quiet(servers: list[SoakServer], bot: WatchedBot, log: Callable[[str], None]) -> Held:
    """Stop all rooms, and wait until the bot has nothing left to do."""
    await asyncio.gather(*(server.stop() for server in servers))
    held = await bot.held()
    for _ in range(40):
        if held.rooms == 0 and held.files.total() <= (await bot.held()).files.total():
            break
        await asyncio.sleep(1.0)
        held = await bot.held()
    await asyncio.sleep(REST_S)
    log("all rooms are stopped")
    return await bot.held()


async def soak(asked: argparse.Namespace, folder: Path, log: EventLog) -> list[str]:
    """Run it all; what is wrong, a line each."""
    chance = random.Random(asked.seed)
    sentences, watching = Sentences(), Watching()
    service = SoakService(lambda tag: sentences.with_tag(tag, now()), random.Random(asked.seed))
    async with (
        LoopbackDiscord() as discord,
        Service(service.converse, texts=service.texts) as cloud,
    ):
        discord.subscribe(watching)
        bot_account = discord.add_bot("Parley")
        servers = [
            SoakServer(
                discord,
                bot_account,
                discord.add_guild(f"S{number}"),
                ("en", "en, de")[number % 2],
                sentences,
                random.Random(f"{asked.seed} {number}"),
                log,
            )
            for number in range(asked.servers)
        ]
        for server in servers:
            server.furnish(asked.people)
        chaos = Chaos(discord, cloud, service, servers, chance=chance, log=log)
        env = environment(discord, bot_account, cloud.url, folder)
        async with WatchedBot(env, folder) as bot:
            # All that is used once is loaded before it is counted what is open.
            await _calm_minute(servers, asked)
            before = await _quiet(servers, bot, log)
            say(f"before: {before.files.total()} files, {before.kb / 1e3:.1f} MB, {before.rows}")
            looks = await _storm(servers, chaos, bot, asked, log)
            after = await _quiet(servers, bot, log)
            people = asked.servers * asked.people
            # Usage has a row for each person, model and day, the account's for each model and
            # month, and consent one for each person.
            most_rows = {
                "usage": people * 4 + asked.servers * 4,
                "account_usage": 4,
                "departures": asked.servers,
                "consent": people,
            }
            wrong = [f"left behind: {what}" for what in after.beyond(before, most_rows)]
        more = (after.objects - before.objects).most_common(25)
        say(f"more objects than before: {dict(more)}")
        say(f"after: {after.files.total()} files, {after.kb / 1e3:.1f} MB, {after.rows}")
        log(f"faults: {dict(chaos.done)}")
        say(f"faults: {sum(chaos.done.values())}, {dict(chaos.done)}")
        say(f"conversations that failed: {dict(service.failed)}")
        say(f"{sum(server.listened for server in servers)} messages on the page")
        return wrong + _judged(sentences, watching, looks, asked, log)


async def _calm_minute(servers: list[SoakServer], asked: argparse.Namespace) -> None:
    tasks = TaskOwner("people")
    await _lives(servers, tasks)
    await asyncio.sleep(asked.calm)
    for server in servers:
        server.stopping = True
    await tasks.drain()


async def _storm(
    servers: list[SoakServer],
    chaos: Chaos,
    bot: WatchedBot,
    asked: argparse.Namespace,
    log: EventLog,
) -> list[Held]:
    """Round after round of people and faults; what the bot held after each, all rooms stopped."""
    looks: list[Held] = []
    ends = now() + asked.minutes * 60
    while now() < ends:
        tasks = TaskOwner("soak")
        await _lives(servers, tasks)
        chaos.stopping = False
        for number in range(asked.chaoses):
            tasks.start(chaos.rage(), f"chaos {number}")
        await asyncio.sleep(min(ROUND_S, max(10.0, ends - now())))
        chaos.stopping = True
        for server in servers:
            server.stopping = True
        await tasks.drain()
        chaos.calm()
        await asyncio.sleep(SETTLES_S)
        looks.append(await _quiet(servers, bot, log))
        each = looks[-1]
        log(
            f"holds {each.kb} kB, {each.in_use_kb} of it in use, {each.blocks} blocks, "
            f"{each.objects.total()} objects"
        )
    return looks[int(len(looks) * WARM_UP) :]


def _judged(
    sentences: Sentences,
    watching: Watching,
    looks: list[Held],
    asked: argparse.Namespace,
    log: EventLog,
) -> list[str]:
    found = account(sentences.said, watching)
    owed = found.captioned + found.told
    slope = slope_kb_an_hour([(each.at, each.kb) for each in looks])
    in_use = slope_kb_an_hour([(each.at, each.in_use_kb) for each in looks])
    say(
        f"{len(sentences.said)} sentences: {found.captioned} captioned, {found.told} dropped with "
        f"a reason that was shown, {found.unowed} said where no room heard them, "
        f"{len(found.wrong)} unaccounted for"
    )
    first, last = looks[0], looks[-1]
    say(
        f"memory in use: {first.in_use_kb} kB after warm-up, {last.in_use_kb} at the end, "
        f"{in_use:+.0f} kB an hour, extrapolated from {(last.at - first.at) / 60:.1f} min; "
        f"{first.objects.total()} and {last.objects.total()} objects"
    )
    say(
        f"memory of the process: {first.kb} kB after warm-up, {last.kb} at the end, "
        f"{slope:+.0f} kB an hour"
    )
    more = (looks[-1].objects - looks[0].objects).most_common(25)
    log(f"more objects at the end than after warm-up: {dict(more)}")
    for told in watching.told:
        if REASONS.search(told.text):
            log(f"   told in {told.guild}: {told.text[:200]!r}", told.at)
    for each in sentences.said:
        log(f"      {each}", each.began_at)
    wrong = list(found.wrong)
    if owed and found.captioned < LEAST_CAPTIONED * owed:
        wrong.append(f"only {found.captioned} of {owed} sentences were captioned")
    more_in_use = last.in_use_kb - first.in_use_kb
    if asked.minutes >= 5 and in_use > SLOPE_KB_AN_HOUR and more_in_use > LINGERS_KB:
        wrong.append(f"memory in use grows by {in_use:.0f} kB an hour")
    if asked.minutes >= 5 and slope > SLOPE_KB_AN_HOUR and last.kb - first.kb > GAPS_KB:
        wrong.append(f"the process grows by {slope:.0f} kB an hour")
    return wrong


def main() -> int:
    """Run, print, and say what is wrong."""
    arguments = argparse.ArgumentParser(prog="make soak")
    arguments.add_argument("--minutes", type=float, default=10.0)
    arguments.add_argument("--seed", type=int, default=None)
    arguments.add_argument("--servers", type=int, default=5)
    arguments.add_argument("--people", type=int, default=3, help="in each server")
    arguments.add_argument("--chaoses", type=int, default=2, help="faults at the same time")
    arguments.add_argument("--calm", type=float, default=30.0, help="seconds without, before")
    arguments.add_argument("--log", type=Path, help="write all that happened here")
    asked = arguments.parse_args()
    if asked.seed is None:
        asked.seed = secrets.randbelow(1 << 31)
    say(f"seed {asked.seed}")
    log = EventLog()
    # What it logs is that clients go while they are served: here they do.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="parley-soak-") as name:
        folder = Path(name)
        try:
            wrong = asyncio.run(soak(asked, folder, log))
        except BaseException:
            say("\n".join([*log.rows[-TAIL:], f"seed {asked.seed}"]))
            raise
        finally:
            if asked.log is not None:
                bot_log = folder / "bot.log"
                said = bot_log.read_text(encoding="utf-8") if bot_log.exists() else ""
                rows = "\n".join(log.rows)
                asked.log.write_text(f"{rows}\n\n{said}", encoding="utf-8")
    if wrong:
        say("\n".join([*log.rows[-TAIL:], *wrong, f"seed {asked.seed}: {len(wrong)} wrong"]))
        return 1
    say(f"seed {asked.seed}: nothing is lost, nothing is left behind")
    return 0


if __name__ == "__main__":
    sys.exit(main())
