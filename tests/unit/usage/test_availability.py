"""Whether a service can be used: one truth, told when it lasts, believed when it comes twice."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from bot.usage import availability
from bot.usage.availability import CONFIRM_S, RECHECK_S, TELL_S, Availability
from tests.support.clock import ManualClock
from tests.support.log_lines import logged

OF = 'service="the service"'


class Bench:
    """A service whose answer to each attempt is told by the test."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.service = Availability("the service", self.clock, lambda: self.clock.now() + 5000.0)
        self.attempts = 0
        self.outcome = "works"
        self.changes = 0
        self.service.use(self.attempt)
        self.service.listen(self.changed)

    def changed(self) -> None:
        self.changes += 1

    async def attempt(self) -> None:
        self.attempts += 1
        if self.outcome == "works":
            self.service.answered()
        elif self.outcome == "away":
            self.away()
        elif self.outcome == "refused":
            self.refused()

    def away(self) -> None:
        self.service.failed("away", "It is away.", detail="Errno 111")

    def refused(self) -> None:
        self.service.failed("refused", "It refuses.", final=True, detail="HTTP 401")

    async def passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
async def bench(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Bench]:
    caplog.set_level(logging.INFO, "bot.usage.availability")
    bench = Bench()
    yield bench
    await bench.service.close()
    assert bench.clock.pending == 0


def since(bench: Bench) -> float | None:
    trouble = bench.service.trouble
    return None if trouble is None else trouble.since


def told(bench: Bench) -> bool:
    return bench.service.lasting is not None


async def test_a_trouble_is_known_at_once_and_told_once_when_it_lasts(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.outcome = "away"
    bench.away()
    assert since(bench) == 6000.0
    assert not told(bench)
    await bench.passes(TELL_S)
    assert told(bench)
    for _ in range(8):  # speakers who try again
        bench.away()
    await bench.passes(300)
    assert logged(caplog.records) == [
        f'a service can\'t be used, trying again {OF} code=away reason="Errno 111"'
    ]
    bench.service.answered()
    assert bench.service.trouble is None
    assert logged(caplog.records)[1:] == [f"a service works again {OF} after_s=303"]


async def test_what_is_over_soon_is_not_told(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.away()
    await bench.passes(TELL_S - 0.1)
    bench.service.answered()
    await bench.passes(100)
    assert bench.service.trouble is None
    assert logged(caplog.records) == []


async def test_while_nobody_speaks_it_is_tried_until_it_works(bench: Bench) -> None:
    bench.outcome = "away"
    bench.away()
    await bench.passes(9)
    assert bench.attempts == 0
    for _ in range(20):
        await bench.passes(30)
    assert 15 <= bench.attempts <= 21
    assert told(bench)
    bench.outcome = "works"
    await bench.passes(30)
    assert bench.service.trouble is None
    tried = bench.attempts
    await bench.passes(10_000)
    assert bench.attempts == tried  # a service that works is left alone


async def test_those_who_try_by_themselves_make_attempts_needless(bench: Bench) -> None:
    for _ in range(20):
        bench.away()
        await bench.passes(9)
    assert bench.attempts == 0


async def test_a_refusal_by_a_service_that_worked_is_believed_when_it_comes_again(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.service.answered()
    bench.outcome = "refused"
    bench.refused()
    assert bench.service.refusal is None
    await bench.passes(CONFIRM_S)
    assert bench.attempts == 1
    assert bench.service.refusal == bench.service.lasting
    assert logged(caplog.records) == [
        f'a service refuses for good {OF} code=refused reason="HTTP 401"'
    ]


async def test_a_refusal_that_does_not_come_again_was_none(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.service.answered()
    bench.refused()
    await bench.passes(CONFIRM_S)
    assert bench.service.trouble is None
    assert bench.service.renewals == 1  # what was given up for it is to be tried again
    assert logged(caplog.records) == []


async def test_a_refusal_that_nothing_speaks_against_is_believed(bench: Bench) -> None:
    bench.service.answered()
    bench.outcome = "no connect was free"
    bench.refused()
    await bench.passes(CONFIRM_S)
    assert bench.service.refusal is not None
    assert bench.service.lasting is not None


async def test_a_service_that_never_worked_is_believed_at_once(bench: Bench) -> None:
    bench.refused()
    assert bench.service.refusal == bench.service.lasting
    assert bench.service.refusal is not None


async def test_a_refusal_may_be_put_right_without_a_restart(bench: Bench) -> None:
    bench.outcome = "refused"
    bench.refused()
    await bench.passes(RECHECK_S - 1)
    assert bench.attempts == 0
    await bench.passes(1)
    assert bench.attempts == 1
    bench.outcome = "works"
    await bench.passes(RECHECK_S)
    assert bench.service.trouble is None


async def test_a_service_that_is_away_and_then_refuses_is_told_both(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.away()
    await bench.passes(TELL_S)
    bench.refused()
    assert bench.service.refusal is not None
    assert bench.service.refusal.since == 6000.0
    assert len(logged(caplog.records)) == 2


async def test_what_is_not_known_is_found_out_by_one_attempt_for_all_who_ask(bench: Bench) -> None:
    bench.outcome = "refused"
    await asyncio.gather(*(bench.service.find_out() for _ in range(10)))
    assert bench.attempts == 1
    assert bench.service.refusal is not None
    await bench.service.find_out()
    assert bench.attempts == 1


async def test_who_waits_for_an_attempt_that_hangs_does_not_wait_long(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(availability, "KNOWN_WITHIN_S", 0.01)
    never = asyncio.Event()

    async def hang() -> None:
        await never.wait()

    bench.service.use(hang)
    async with asyncio.timeout(2):
        await bench.service.find_out()
    assert bench.service.trouble is None


async def test_a_service_that_is_not_tried_from_here_rests_until_it_is_used() -> None:
    clock = ManualClock()
    service = Availability("the service", clock, clock.now)
    service.failed("away", "It is away.")
    clock.advance(TELL_S)
    assert service.lasting is not None
    assert clock.pending == 0
    service.failed("refused", "It refuses.", final=True)
    renewals = service.renewals
    clock.advance(RECHECK_S)
    assert service.renewals == renewals + 1  # those who were refused may try once more
    assert service.refusal is not None
    await service.close()


async def test_after_its_end_nothing_is_told_or_tried(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.away()
    await bench.service.close()
    bench.away()
    bench.service.answered()
    await bench.passes(1000)
    assert bench.attempts == 0
    assert logged(caplog.records) == []
