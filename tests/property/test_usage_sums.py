"""Whatever is used, in whatever order, batches and restarts: the rows' sum is the events' sum."""

import asyncio
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.events import SPEECH_RATE, VOICE_RATE, Usage
from bot.domain.spent import Spent, spent
from bot.translation.protocol.server_events import TokenCount
from bot.translation.speech.meter import Meter
from bot.usage.ledger import BATCH_S, Ledger
from tests.support.clock import ManualClock
from tests.support.usage_in_memory import Calendar, MemoryUsage

counts = st.integers(0, 10**6)
usages = st.builds(
    Usage,
    audio_in_s=counts.map(lambda samples: samples / SPEECH_RATE),
    audio_out_s=counts.map(lambda samples: samples / VOICE_RATE),
    tokens_in=counts,
    tokens_out=counts,
    tokens_voice=counts,
    connects=st.integers(0, 9),
    text_tokens_in=counts,
    text_tokens_out=counts,
)


@dataclass(frozen=True)
class Used:
    guild_id: int
    user_id: int
    usage: Usage


@dataclass(frozen=True)
class Passes:
    seconds: float


@dataclass(frozen=True)
class Restart:
    pass


@dataclass(frozen=True)
class StoreFails:
    fails: bool


@dataclass(frozen=True)
class Forget:
    guild_id: int
    user_id: int


guilds, users = st.integers(1, 3), st.integers(1, 4)
steps = st.lists(
    st.builds(Used, guilds, users, usages)
    | st.builds(Passes, st.sampled_from([0.5, BATCH_S, 6 * 3600.0]))
    | st.builds(Restart)
    | st.builds(StoreFails, st.booleans())
    | st.builds(Forget, guilds, users),
    max_size=40,
)


class RestartedLedger:
    """A ledger that is opened anew at each restart, over one store and one calendar."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.wall = Calendar(self.clock)
        self.store = MemoryUsage()
        self.used: dict[int, Spent] = {}
        self.ledger = self.opened()

    def opened(self) -> Ledger:
        return Ledger(
            self.store,
            model="speech",
            text_model="text",
            tts_model="a-tts",
            clock=self.clock,
            wall=self.wall,
        )

    async def take(self, step: Used | Passes | Restart | StoreFails | Forget) -> None:
        match step:
            case Used(guild_id, user_id, usage):
                self.ledger.used(guild_id, user_id, usage)
                amounts = spent(
                    usage, model="speech", text_model="text", tts_model="a-tts"
                ).values()
                self.used[guild_id] = sum(amounts, self.used.get(guild_id, Spent()))
            case Passes(seconds):
                self.clock.advance(seconds)
                for _ in range(3):
                    await asyncio.sleep(0)
            case Restart():
                self.store.failing = False
                await self.ledger.close()
                self.ledger = self.opened()
            case StoreFails(fails):
                self.store.failing = fails
            case Forget(guild_id, user_id):
                self.store.failing = False
                await self.ledger.forget(guild_id, user_id)
                await self.ledger.flush()
                assert all(
                    (key.guild_id, key.user_id) != (guild_id, user_id) for key in self.store.rows
                )


@given(steps)
def test_the_sum_of_the_rows_is_the_sum_of_the_events(
    taken: list[Used | Passes | Restart | StoreFails | Forget],
) -> None:
    async def run() -> None:
        restarted = RestartedLedger()
        for step in taken:
            await restarted.take(step)
        restarted.store.failing = False
        await restarted.ledger.close()
        for guild_id, amount in restarted.used.items():
            rows = (row for key, row in restarted.store.rows.items() if key.guild_id == guild_id)
            assert sum(rows, Spent()) == amount
        assert restarted.ledger.dropped == 0

    asyncio.run(run())


@given(steps)
def test_what_today_shows_is_what_its_rows_hold(
    taken: list[Used | Passes | Restart | StoreFails | Forget],
) -> None:
    async def run() -> None:
        restarted = RestartedLedger()
        for step in taken:
            await restarted.take(step)
        restarted.store.failing = False
        await restarted.ledger.close()
        ledger = restarted.opened()
        for guild_id in restarted.used:
            await ledger.load(guild_id)
            rows = await restarted.store.day(guild_id, ledger.day)
            assert ledger.today(guild_id) == rows
        await ledger.close()

    asyncio.run(run())


@given(st.lists(st.lists(st.tuples(counts, counts)), max_size=5))
def test_both_ways_of_counting_come_to_the_same(sessions: list[list[tuple[int, int]]]) -> None:
    single, sums = Meter(cumulative=False), Meter(cumulative=True)
    total = Usage()
    for session in sessions:
        tokens_in = tokens_out = 0
        for meter in (single, sums):
            meter.connected()
        for response in session:
            tokens_in += response[0]
            tokens_out += response[1]
            single.counted(TokenCount(*response))
            sums.counted(TokenCount(tokens_in, tokens_out))
        total += Usage(tokens_in=tokens_in, tokens_out=tokens_out, connects=1)
    expected = None if total == Usage() else total
    assert single.read() == expected
    assert sums.read() == expected
