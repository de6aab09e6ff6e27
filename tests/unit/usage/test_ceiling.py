"""What all servers together may spend in a month: warned of, stopped at, and counted once."""

import asyncio
import logging
from datetime import UTC, date, datetime

import pytest

from bot.domain.access import HostGrant
from bot.domain.events import Member, Speech, Usage
from bot.domain.plan import RoomPlan
from bot.domain.spent import Spent
from bot.errors import AllowanceError, NotServedError
from bot.usage.access import READ_S, Access, AccessRules
from bot.usage.ceiling import SYNC_S, Ceiling, MonthlyLimits
from bot.usage.daily_allowance import Accounts, HostLimits
from bot.usage.ledger import Ledger
from bot.usage.prices import Price, Prices
from tests.support.clock import ManualClock
from tests.support.records import MemorySettings
from tests.support.room import MemoryConsent, MemoryInterpreter, World
from tests.support.rooms import RoomParts
from tests.support.usage_in_memory import MemoryHost, MemoryUsage

ANA = Member(1, "Ana")
FRAME = bytes(640)
PRICES = Prices({"live": Price(10, 0), "text": Price(1, 0)})
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
OVER = (
    "This bot has used everything its host allows for this month. Translation is available again "
    "on 2026-12-01 (UTC)."
)


async def settled() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


class Process:
    """One process with rooms, over stores that several may share."""

    def __init__(
        self,
        host: MemoryHost | None = None,
        *,
        minutes: float = 0,
        dollars: float = 0,
        rules: AccessRules | None = None,
        clock: ManualClock | None = None,
    ) -> None:
        self.host = host or MemoryHost()
        self.clock = clock or ManualClock()
        self.today = datetime(2026, 11, 30, 12, tzinfo=UTC)
        self.ledger = Ledger(
            MemoryUsage(),
            model="live",
            text_model="text",
            tts_model="a-tts",
            clock=self.clock,
            wall=lambda: self.today,
        )
        self.access = Access(self.host, rules or AccessRules(), self.clock)
        self.ceiling = Ceiling(
            self.host,
            MonthlyLimits(minutes, dollars),
            PRICES,
            clock=self.clock,
            day=lambda: self.ledger.day,
        )
        self.accounts = Accounts(
            self.ledger,
            PRICES,
            host=HostLimits(self.access, self.ceiling),
            clock=self.clock,
            settings=MemorySettings().settings,
        )
        self.world = World(ANA)
        self.interpreter = MemoryInterpreter()
        self.rooms = RoomParts(
            interpreter=self.interpreter,
            answers=MemoryConsent(ANA.id),
            join_voice=self.world.join_voice,
            open_board=self.world.open_board,
            clock=self.clock,
            accounts=self.accounts,
        ).rooms()
        self.told: list[str] = []
        self.access.listen(self.rooms.obey_host)
        self.ceiling.listen(self.rooms.obey_host)

    async def _alert(self, text: str) -> None:
        self.told.append(text)

    async def open(self) -> "Process":
        await self.access.open()
        await self.ceiling.open()
        self.ceiling.alert_by(self._alert)
        return self

    async def start(self) -> None:
        await self.rooms.start(RoomPlan(1, 10, 20, ("en",)), ANA.id)

    def hear(self) -> int:
        """Say something; returns how much of it the service has."""
        assert self.world.listener is not None
        self.world.listener.heard(Speech(ANA.id, FRAME, self.clock.now()))
        return len(self.interpreter.of(ANA.id).fed) // len(FRAME)

    async def used(self, minutes: float = 0, tokens: int = 0) -> None:
        usage = Usage(audio_in_s=minutes * 60, tokens_in=tokens)
        (await self.accounts.of(1)).used(ANA.id, usage)
        await settled()

    async def passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await settled()

    async def close(self) -> None:
        await self.rooms.close()
        await self.ceiling.close()
        await self.access.close()
        await self.ledger.close()


@pytest.mark.parametrize(
    ("limits", "use", "limit"),
    [
        (MonthlyLimits(minutes=100), {"minutes": 1}, "of 100 minutes, $0.00 (estimated)."),
        (
            MonthlyLimits(dollars=50),
            {"tokens": 50_000},
            "0.0 minutes, $40.00 of $50.00 (estimated).",
        ),
    ],
)
async def test_at_80_percent_the_host_is_told_once_and_at_100_the_rooms_end(
    limits: MonthlyLimits,
    use: dict[str, int],
    limit: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    process = await Process(minutes=limits.minutes, dollars=limits.dollars).open()
    await process.start()
    for _ in range(79):
        await process.used(**use)
    assert process.told == []
    assert process.ceiling.spent().percent == 79
    with caplog.at_level(logging.WARNING):
        await process.used(**use)
        await process.used(**use)
    assert len(caplog.records) == 1
    (told,) = process.told
    assert told.startswith("80% of this month's limit is used: ")
    assert told.endswith(limit)
    assert process.hear() == 1
    for _ in range(18):
        await process.used(**use)
    assert process.rooms.runs(1)
    await process.used(**use)
    await process.passes(0)
    assert process.told[1].startswith("This month's limit is reached: ")
    assert process.world.board.notices[-1] == OVER
    assert not process.rooms.runs(1)
    assert process.world.link.closed
    with pytest.raises(AllowanceError) as refused:
        await process.start()
    assert str(refused.value) == OVER
    with pytest.raises(AllowanceError):
        (await process.accounts.of(1)).reserve_text(1)
    await process.close()


async def test_a_new_month_begins_from_nothing() -> None:
    process = await Process(minutes=10).open()
    await process.used(minutes=10)
    assert process.ceiling.refusal is not None
    process.today = datetime(2026, 12, 1, tzinfo=UTC)
    assert not process.ceiling.reached
    await process.start()
    assert process.hear() == 1
    await process.used(minutes=8)
    await process.close()
    assert [told[:4] for told in process.told] == ["This", "80% "]
    months = {month: amount.minutes for (month, _), amount in process.host.months.items()}
    assert months == {NOVEMBER: 10, DECEMBER: 8}


async def test_a_restart_forgets_nothing_and_tells_nothing_twice() -> None:
    before = await Process(minutes=10).open()
    await before.used(minutes=9)
    await before.close()
    after = await Process(before.host, minutes=10).open()
    await settled()
    assert (after.ceiling.spent().minutes, after.told) == (9, [])
    await after.used(minutes=1)
    assert after.ceiling.reached
    await after.close()
    third = await Process(before.host, minutes=10).open()
    with pytest.raises(AllowanceError):
        await third.start()
    assert third.world.listener is None, "the voice channel was not joined"
    await third.close()


async def test_several_processes_stop_at_one_ceiling_within_a_minute() -> None:
    clock = ManualClock()
    one = await Process(minutes=10, clock=clock).open()
    other = await Process(one.host, minutes=10, clock=clock).open()
    await one.start()
    await other.used(minutes=4)
    await one.used(minutes=6)
    assert not one.ceiling.reached
    await one.passes(SYNC_S)
    await one.passes(SYNC_S)
    await one.passes(0)
    assert (one.ceiling.reached, other.ceiling.reached) == (True, True)
    assert not one.rooms.runs(1)
    assert sorted([*one.told, *other.told]) == [
        (
            "This month's limit is reached: 10.0 of 10 minutes, $0.00 (estimated). I no longer "
            "translate anything."
        )
    ]
    await one.close()
    await other.close()


async def test_what_the_database_could_not_take_is_counted_and_written_later_once() -> None:
    process = await Process(minutes=10).open()
    process.host.failing = True
    await process.used(minutes=6)
    for _ in range(3):
        await process.passes(SYNC_S)
    assert process.ceiling.spent().minutes == 6
    await process.used(minutes=4)
    assert process.ceiling.reached
    process.host.failing = False
    await process.passes(SYNC_S)
    assert process.host.months[NOVEMBER, "live"].minutes == 10
    await process.close()
    assert process.host.months[NOVEMBER, "live"].minutes == 10


async def test_without_a_ceiling_the_month_is_counted_all_the_same() -> None:
    process = await Process().open()
    await process.used(minutes=1000, tokens=7)
    assert (process.ceiling.reached, process.ceiling.spent().percent) == (False, 0)
    await process.close()
    assert process.host.months[NOVEMBER, "live"] == Spent(1000 * 60 * 16_000, tokens_in=7)


async def test_a_server_that_is_denied_while_its_room_runs_is_told_and_left_alone() -> None:
    process = await Process(rules=AccessRules(allowed=frozenset({1}))).open()
    await process.start()
    process.hear()
    await process.host.put_grant(1, HostGrant(allowed=False))
    await process.passes(READ_S)
    await process.passes(READ_S)
    assert process.hear() == 1, "nobody is heard from that moment on"
    await settled()
    refusals = [said for said in process.world.board.notices if said.startswith("I'm not set up")]
    assert len(refusals) == 1
    with pytest.raises(NotServedError):
        await process.start()
    await process.close()
