"""Which text goes out when, in simulated time."""

import itertools
import random

import pytest

from bot.domain.events import Failed
from bot.translation.protocol import faults
from bot.translation.protocol.faults import Fault
from bot.translation.text.queue import LATE_S, MOST_WAITING
from bot.translation.text.qwen_mt import UNREADABLE
from bot.translation.text.request_budget import RequestBudget
from tests.support.texts import Asker, SimulatedService, text


async def test_a_final_goes_out_at_once() -> None:
    service = SimulatedService()
    asker = Asker(service)
    asker.ask(text("hola"))
    assert asker.answers == []  # never before `ask` returned
    await service.run(0.4)
    assert asker.texts == ["en: hola"]
    assert service.sent[0][0] == pytest.approx(1000.0, abs=0.05)
    await service.queue.close()


@pytest.mark.parametrize(
    ("per_minute", "per_second", "served"), [(60, 1, 24), (240, 4, 24), (30, 1, 15), (90, 1, 24)]
)
async def test_finals_wait_for_the_limits_by_the_minute_and_by_the_second(
    per_minute: int, per_second: int, served: int
) -> None:
    service = SimulatedService(per_minute=per_minute, takes_s=0.1)
    asker = Asker(service)
    for number in range(24):
        asker.ask(text("hola", target=f"x{number}"))  # nothing that could share a request
    await service.run(LATE_S - 1)
    assert service.most_within(1.0) <= per_second
    assert service.most_within(60.0) <= per_minute
    assert asker.texts == [f"x{number}: hola" for number in range(served)]
    await service.queue.close()


async def test_ten_minutes_of_a_full_house_stay_below_the_limits_and_lose_nothing() -> None:
    chance = random.Random(7)
    service = SimulatedService(per_minute=120, takes_s=0.4)
    asker = Asker(service)
    finals = 0
    for second in range(600):
        for guild in (1, 2, 3):
            if chance.random() < 0.5:
                asker.ask(text(f"final {second} {guild}", guild=guild))
                finals += 1
            asker.ask(text(f"interim {second} {guild}", final=False, guild=guild))
        await service.run(1.0)
    await service.run(LATE_S)
    assert service.most_within(60.0) <= 120
    assert service.most_within(1.0) <= 2
    assert sum(answer.startswith("en: final") for answer in asker.texts) == finals
    assert service.queue.given_up == 0
    await service.queue.close()


async def test_interims_leave_room_for_finals() -> None:
    service = SimulatedService(per_minute=240, takes_s=0.1)
    asker = Asker(service)
    for number in range(30):
        asker.ask(text(f"interim {number}", final=False))
    await service.run(0.5)
    asker.ask(text("final"))
    await service.run(0.2)
    assert len([words for _, words in service.sent if not words.final]) == 3
    assert "en: final" in asker.texts
    await service.queue.close()


async def test_without_room_in_a_second_interims_are_left_out() -> None:
    service = SimulatedService(per_minute=60)
    asker = Asker(service)
    asker.ask(text("interim", final=False))
    await service.run(5.0)
    assert service.sent == []
    assert service.clock.pending == 0  # nothing is woken for what can't be
    await service.queue.close()


async def test_guilds_take_turns() -> None:
    service = SimulatedService(per_minute=60, takes_s=0.1)
    asker = Asker(service)
    for target in ("de", "fr", "pt"):
        asker.ask(text("busy", guild=1, target=target))
    asker.ask(text("quiet", guild=2))
    await service.run(2.5)
    assert asker.texts == ["de: busy", "en: quiet", "fr: busy"]
    await service.queue.close()


async def test_who_was_served_longest_ago_goes_first() -> None:
    service = SimulatedService(per_minute=60, takes_s=0.1)
    asker = Asker(service)
    for target in ("de", "fr", "pt"):
        asker.ask(text("busy", guild=1, target=target))
    await service.run(0.5)
    asker.ask(text("quiet", guild=2))
    await service.run(2.0)
    assert asker.texts == ["de: busy", "en: quiet", "fr: busy"]
    await service.queue.close()


async def test_what_was_taken_back_is_not_sent() -> None:
    service = SimulatedService(per_minute=60)
    asker = Asker(service)
    asker.ask(text("first"))
    asker.ask(text("second")).cancel()
    await service.run(5.0)
    assert asker.texts == ["en: first"]
    assert len(service.sent) == 1
    assert service.queue.waiting == 0
    await service.queue.close()


async def test_a_final_that_waited_too_long_is_given_up_and_that_is_said() -> None:
    service = SimulatedService(per_minute=1)
    asker = Asker(service)
    asker.ask(text("first"))
    asker.ask(text("second", target="fr"))
    await service.run(LATE_S + 1)
    assert asker.texts == ["en: first"]
    assert asker.codes == ["text_late"]
    assert service.queue.given_up == 1
    await service.queue.close()


async def test_of_too_many_the_oldest_is_given_up() -> None:
    service = SimulatedService(per_minute=1)
    asker = Asker(service)
    for number in range(MOST_WAITING + 3):
        asker.ask(text(str(number)))
    await service.run(0.1)
    given_up = [words for words, answer in asker.answers if isinstance(answer, Failed)]
    assert given_up == ["0", "1", "2"]
    await service.queue.close()


@pytest.mark.parametrize("fault", [faults.OVERLOADED, faults.UNREACHABLE, UNREADABLE])
async def test_a_passing_failure_is_tried_again(fault: Fault) -> None:
    failing = [fault, fault]
    service = SimulatedService(per_minute=600, outcome=lambda _: failing.pop() if failing else None)
    asker = Asker(service)
    asker.ask(text("hola"))
    await service.run(5.0)
    assert asker.texts == ["en: hola"]
    assert asker.codes == []
    assert len(service.sent) == 3
    await service.queue.close()


async def test_a_lasting_failure_is_said_after_a_few_tries() -> None:
    service = SimulatedService(per_minute=600, outcome=lambda _: faults.OVERLOADED)
    asker = Asker(service)
    asker.ask(text("hola"))
    await service.run(20.0)
    assert asker.codes == ["overloaded"]
    assert len(service.sent) == 4
    await service.queue.close()


def test_no_rest_is_longer_than_a_text_waits() -> None:
    budget = RequestBudget(60, random.Random(1))
    now, rests = 1000.0, []
    for _ in range(200):
        budget.refused(now)
        rests.append(budget.free_at() - now)
        now = budget.free_at() + 1
    assert max(rests) < LATE_S


@pytest.mark.parametrize("fault", [faults.RATE_LIMITED, faults.TOKENS_USED])
async def test_a_refusal_for_the_rate_makes_everything_rest_longer_each_time(fault: Fault) -> None:
    refusing = True
    service = SimulatedService(
        per_minute=600,
        takes_s=0.0,
        outcome=lambda _: fault if refusing else None,
    )
    asker = Asker(service)
    asker.ask(text("hola"))
    await service.run(12.0)
    at = [moment for moment, _ in service.sent]
    gaps = [later - earlier for earlier, later in itertools.pairwise(at)]
    assert len(gaps) >= 2
    assert gaps == sorted(gaps)
    assert gaps[0] >= 1.0
    asker.ask(text("adios"))
    refusing = False
    await service.run(17.0)
    assert sorted(asker.texts) == ["en: adios", "en: hola"]
    await service.queue.close()


def test_requests_go_out_farther_apart_after_each_refusal_within_bounds() -> None:
    budget = RequestBudget(60, random.Random(1))
    now, gaps = 1000.0, []
    for _ in range(10):
        budget.take(now)
        gaps.append(budget.free_at() - now)
        budget.refused(now)
        budget.served()
        now += 100.0
    assert gaps == sorted(gaps)
    assert gaps[0] == pytest.approx(1.02)
    assert gaps[1] > 1.05
    assert gaps[-1] == pytest.approx(1.27)


@pytest.mark.parametrize("fault", [faults.BAD_KEY, faults.NO_CREDIT, faults.ACCESS_DENIED])
async def test_a_refused_account_is_told_to_all_and_not_asked_again(fault: Fault) -> None:
    service = SimulatedService(per_minute=60, outcome=lambda _: fault)
    asker = Asker(service)
    asker.ask(text("one"))
    asker.ask(text("two"))
    asker.ask(text("three", final=False))
    await service.run(1.0)
    asker.ask(text("four"))
    await service.run(3.0)
    assert asker.codes == [fault.code] * 4
    assert all(isinstance(answer, Failed) and answer.fatal for _, answer in asker.answers)
    assert len(service.sent) == 1
    await service.queue.close()


async def test_a_refused_text_is_told_and_nothing_else_stops() -> None:
    refused = Fault("text_refused", "No such pair.", retryable=False)
    service = SimulatedService(
        per_minute=600, outcome=lambda asked: refused if asked.text == "bad" else None
    )
    asker = Asker(service)
    asker.ask(text("bad"))
    asker.ask(text("good"))
    await service.run(1.0)
    assert asker.codes == ["text_refused"]
    assert asker.texts == ["en: good"]
    await service.queue.close()


async def test_a_superseded_text_is_not_tried_again() -> None:
    service = SimulatedService(per_minute=600, outcome=lambda _: faults.OVERLOADED)
    asker = Asker(service)
    ticket = asker.ask(text("hola"))
    await service.run(0.1)
    ticket.cancel()
    await service.run(10.0)
    assert len(service.sent) == 1
    await service.queue.close()


async def test_after_closing_nothing_is_sent_or_answered() -> None:
    service = SimulatedService(per_minute=60)
    asker = Asker(service)
    asker.ask(text("one"))
    asker.ask(text("two"))
    await service.run(0.1)
    await service.queue.close()
    asker.ask(text("three"))
    service.clock.advance(60.0)
    assert asker.answers == []
    assert len(service.sent) == 1
