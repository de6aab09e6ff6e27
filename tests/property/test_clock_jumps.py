"""Whatever the machine's clock reads, days are the true ones and nothing is removed too early.

The time that passes in the test is the truth. Discord knows it to the second; the machine's clock
is set, forwards and back, for one reading or for good, and the process begins anew, or sleeps.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.consent.consent import Consent
from bot.domain.events import SPEECH_RATE, Caption, Member, Usage
from bot.domain.plan import RoomPlan
from bot.domain.ports import CaptionBoard
from bot.guild.housekeeping import GUILD_KEPT, USAGE_KEPT, Housekeeping
from bot.records.batches import BATCH_S
from bot.records.transcripts import Transcripts
from bot.usage.daily_allowance import Account, Accounts
from bot.usage.ledger import Ledger
from bot.usage.prices import Prices
from bot.wall_clock import STEADY_S, WallClock
from tests.support.clock import ManualClock, SetClock
from tests.support.guilds import MemoryGuilds
from tests.support.records import MemorySettings, MemoryTranscripts
from tests.support.room import MemoryBoard, MemoryConsent
from tests.support.usage_in_memory import MemoryUsage, daily

ANA = Member(5, "Ana")
GUILDS, LEAVERS = (1, 2), range(10, 14)
DAYS = {1: 2, 2: 30}
LIMIT = 10  # minutes a day
DAY_S = 24 * 3600.0
SLACK = timedelta(minutes=2)
ROUND = timedelta(days=1, minutes=11)  # what is due goes within this, once the clock is right


@dataclass(frozen=True)
class Passes:
    seconds: float


@dataclass(frozen=True)
class Sleeps:
    """The machine sleeps: only the date goes on."""

    seconds: float


@dataclass(frozen=True)
class Set:
    """The machine's clock is wrong by so much from now on."""

    off: timedelta


@dataclass(frozen=True)
class Glitch:
    """It is, while one thing happens."""

    off: timedelta
    what: "Used | Said | Leaves | Restart | Passes"


@dataclass(frozen=True)
class Used:
    guild_id: int
    minutes: int


@dataclass(frozen=True)
class Said:
    guild_id: int


@dataclass(frozen=True)
class Leaves:
    guild_id: int


@dataclass(frozen=True)
class Restart:
    away_s: float


Step = Passes | Sleeps | Set | Glitch | Used | Said | Leaves | Restart

offs = st.sampled_from(
    [0, 180, -180, 5 * 3600, -5 * 3600, 3 * DAY_S, -3 * DAY_S]
) | st.sampled_from([years * 365 * DAY_S for years in (1, -1, 30, -56)])
offsets = offs.map(lambda seconds: timedelta(seconds=seconds))
passing = st.sampled_from([600.0, 3600.0, 11 * 3600.0, DAY_S, 9 * DAY_S, 40 * DAY_S])
happens = (
    st.builds(Used, st.sampled_from(GUILDS), st.integers(1, 6))
    | st.builds(Said, st.sampled_from(GUILDS))
    | st.builds(Leaves, st.sampled_from(LEAVERS))
)
restarts = st.builds(Restart, passing | st.just(500 * DAY_S))
glitches = st.builds(Glitch, offsets, happens)
dated = st.lists(
    st.builds(Passes, passing)
    | st.builds(Sleeps, passing)
    | st.builds(Set, offsets)
    | st.builds(Glitch, offsets, happens | restarts | st.builds(Passes, passing))
    | happens
    | restarts,
    max_size=25,
)
undated = st.lists(st.builds(Passes, passing) | glitches | happens | restarts, max_size=25)


class Process:
    """What runs until the next restart: everything that dates, counts by days, or removes."""

    def __init__(self, world: "World") -> None:
        self.clock = ManualClock(world.began_at)
        self.machine = SetClock(self.clock, world.truth() - timedelta(seconds=self.clock.now()))
        self.machine.off = world.off
        self.wall = WallClock(self.clock, self.machine)
        self.ledger = Ledger(
            world.usage,
            model="m",
            text_model="t",
            tts_model="a-tts",
            clock=self.clock,
            wall=self.wall.now,
        )
        self.accounts = Accounts(
            self.ledger,
            Prices({}),
            host=daily(LIMIT, self.clock),
            clock=self.clock,
            settings=world.settings.settings,
        )
        self.house = Housekeeping(world.guilds, world.usage, clock=self.clock, wall=self.wall)
        self.transcripts = Transcripts(
            world.lines, world.settings, clock=self.clock, wall=self.wall
        )
        self.boards: dict[int, CaptionBoard] = {}
        self.of: dict[int, Account] = {}

    def answers(self, count: int) -> None:
        for _ in range(count):
            self.wall.heard(self.machine.truth().replace(microsecond=0))

    async def start(self, world: "World", run: int) -> None:
        if world.dated:
            self.answers(2)  # the login
        for guild_id in GUILDS:
            self.of[guild_id] = await self.accounts.of(guild_id)
            plan = RoomPlan(guild_id, 10, 20, ("en",), session=f"run{run}")
            consent = Consent(guild_id, MemoryConsent(), frozenset({ANA.id}))
            self.boards[guild_id] = await self.transcripts.record(MemoryBoard(), plan, consent)
        self.house.start(lambda guild_id: guild_id in world.present)
        self.transcripts.expire_daily(lambda: GUILDS)

    async def settled(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        await self.house._tasks.drain()
        await self.ledger._tasks.drain()
        await self.transcripts._tasks.drain()
        await self.transcripts._batches.flush()

    async def close(self) -> None:
        await self.house.close()
        await self.transcripts.close()
        await self.ledger.close()


class World:
    """What is kept, and what is true of it."""

    def __init__(self, *, dated: bool) -> None:
        self.dated = dated
        self.began_at = 1000.0
        self.off = timedelta()
        self.usage, self.guilds = MemoryUsage(), MemoryGuilds()
        self.lines, self.settings = MemoryTranscripts(), MemorySettings()
        for guild_id, days in DAYS.items():
            self.settings.guilds[guild_id] = MemorySettings(days=days).guilds[1]
        self.present = {*GUILDS, *LEAVERS}
        self.used: defaultdict[tuple[int, date], int] = defaultdict(int)
        self.said: dict[str, datetime] = {}
        self.gone: dict[int, datetime] = {}
        self.runs = 0
        # Never near midnight: Discord's dates are of whole seconds.
        self._truth = datetime.fromisoformat("2026-11-22T12:07:30+00:00")
        self.process: Process | None = None

    def truth(self) -> datetime:
        return self._truth if self.process is None else self.process.machine.truth()

    @property
    def here(self) -> Process:
        assert self.process is not None
        return self.process

    async def begin(self) -> None:
        process = Process(self)
        self.process = process
        self.runs += 1
        await process.start(self, self.runs)
        await process.settled()

    async def end(self, away_s: float) -> None:
        self._truth = self.truth() + timedelta(seconds=away_s)
        await self.here.close()
        self.process = None
        self.began_at = 0.25  # the machine was started, too
        await self.begin()

    async def pass_time(self, seconds: float) -> None:
        while seconds > 0:
            step = min(seconds, DAY_S / 2)
            self.here.clock.advance(step)
            await self.here.settled()
            seconds -= step

    async def take(self, step: Step) -> None:
        here = self.here
        match step:
            case Passes(seconds):
                await self.pass_time(seconds)
            case Sleeps(seconds):
                here.machine._began += timedelta(seconds=seconds)
                here.answers(2)  # it connects anew
            case Set(off):
                self.off = here.machine.off = off
            case Glitch(off, what):
                before = self.off
                await self.take(Set(off))
                await self.take(what)
                await self.take(Set(before))
            case Used(guild_id, minutes):
                samples = minutes * 60 * SPEECH_RATE
                here.ledger.used(guild_id, ANA.id, Usage(audio_in_s=minutes * 60))
                self.used[guild_id, self.truth().date()] += samples
            case Said(guild_id):
                text = f"{guild_id}.{len(self.said)}"
                at = here.clock.now()
                key = len(self.said)
                here.boards[guild_id].show(Caption(key, ANA, "en", text, "", None, True, at))  # noqa: FBT003
                self.said[text] = self.truth()
                here.clock.advance(BATCH_S)
            case Leaves(guild_id) if guild_id in self.present:
                self.present.discard(guild_id)
                self.guilds.known.add(guild_id)
                here.house.guild_left(guild_id)
                self.gone[guild_id] = self.truth()
            case Restart(away_s):
                await self.end(away_s)
        await self.here.settled()

    async def check(self) -> None:
        here, now = self.here, self.truth()
        kept = {line.text for line in self.lines.rows.values()}
        for text, at in self.said.items():
            age, days = now - at, timedelta(days=DAYS[int(text.partition(".")[0])])
            assert text in kept or age >= days - SLACK, f"a line went after {age}"
        for guild_id, at in self.gone.items():
            known = guild_id in self.guilds.known
            assert known or now - at >= GUILD_KEPT - SLACK, f"a server went after {now - at}"
        counted: defaultdict[tuple[int, date], int] = defaultdict(int)
        unwritten = here.ledger._unwritten
        waiting = [row for guild in unwritten.guilds() for row in unwritten.of(guild).items()]
        for key, amount in [*self.usage.rows.items(), *waiting]:
            counted[key.guild_id, key.day] += amount.audio_in_samples
        for (guild_id, day), samples in self.used.items():
            old = now.date() - day >= USAGE_KEPT
            assert counted[guild_id, day] == samples or old, f"{day} has {counted}"
        for guild_id in GUILDS:
            account = here.of[guild_id]
            account.today()
            await here.settled()
            minutes = self.used[guild_id, now.date()] / (60 * SPEECH_RATE)
            assert account.today().minutes == minutes
            assert account.used_up is (minutes >= LIMIT)

    async def check_that_all_that_is_due_is_gone(self) -> None:
        within = ROUND if self.dated else ROUND + timedelta(seconds=STEADY_S)
        await self.take(Set(timedelta()))
        if self.dated:
            self.here.answers(1)
        await self.pass_time(within.total_seconds())
        now = self.truth()
        for line in self.lines.rows.values():
            days = timedelta(days=DAYS[int(line.text.partition(".")[0])])
            assert now - self.said[line.text] <= days + within + SLACK, line.text
        for guild_id in self.guilds.known:
            assert now - self.gone[guild_id] <= GUILD_KEPT + within + SLACK
        for key in self.usage.rows:
            assert now.date() - key.day <= USAGE_KEPT + within + timedelta(days=1)


def play(steps: list[Step], *, dated: bool) -> None:
    async def run() -> None:
        world = World(dated=dated)
        await world.begin()
        for step in steps:
            await world.take(step)
            await world.check()
        await world.check_that_all_that_is_due_is_gone()
        await world.check()
        await world.here.close()

    asyncio.run(run())


YEAR = timedelta(days=365)


@settings(max_examples=60, deadline=None)
@given(dated)
@example([Used(1, 5), Glitch(30 * YEAR, Used(1, 5)), Used(1, 4)])
@example([Used(1, 5), Glitch(YEAR, Used(1, 1)), Passes(DAY_S), Used(1, 5), Passes(DAY_S)])
@example([Said(1), Said(2), Glitch(YEAR, Restart(3600.0)), Passes(600.0)])
@example([Glitch(-56 * YEAR, Said(1)), Passes(DAY_S)])
@example([Glitch(-YEAR, Leaves(10)), Passes(DAY_S)])
@example([Leaves(10), Restart(500 * DAY_S), Passes(DAY_S)])
@example([Said(1), Sleeps(9 * DAY_S), Said(1), Passes(DAY_S)])
def test_nothing_goes_before_its_time_and_each_day_has_its_own_minutes(steps: list[Step]) -> None:
    play(steps, dated=True)


@settings(max_examples=40, deadline=None)
@given(undated)
@example([Used(1, 5), Glitch(30 * YEAR, Used(1, 5)), Used(1, 4)])
@example([Said(1), Glitch(YEAR, Said(1)), Passes(DAY_S)])
@example([Said(1), Leaves(10), Glitch(YEAR, Restart(3600.0)), Passes(DAY_S)])
def test_the_same_for_single_wrong_readings_where_discord_does_not_say_the_time(
    steps: list[Step],
) -> None:
    play(steps, dated=False)
