"""What conversations and texts let be known of their service, and what they keep to themselves."""

import pytest

from bot.domain.events import Failed
from bot.domain.trouble import KEPT_S
from bot.translation.protocol import faults
from bot.translation.protocol.faults import Fault
from bot.translation.speech.backlog import CHUNK
from bot.translation.text.qwen_mt import TEXT_REFUSED, UNREADABLE
from tests.support.reach import RecordedReach
from tests.support.texts import Asker, SimulatedService, text
from tests.unit.translation.speech.conversation_bench import A, Bench


def failures(bench: Bench) -> list[tuple[str, bool]]:
    return [(e.code, e.of_service) for e in bench.events if isinstance(e, Failed)]


@pytest.mark.parametrize(
    "fault",
    [
        faults.UNREACHABLE,
        faults.CONNECTION_REFUSED,
        faults.NO_ADDRESS,
        faults.BAD_CERTIFICATE,
        faults.NO_ANSWER,
        faults.OVERLOADED,
        faults.FAILED,
        faults.LOST,
        faults.unreachable("proxy.example"),
        faults.of_handshake(418, ""),
    ],
)
async def test_a_connect_that_fails_is_the_services_trouble_until_one_succeeds(
    fault: Fault,
) -> None:
    reach = RecordedReach()
    bench = Bench(reach=reach)
    bench.talk.feed(A)
    bench.link.breaks(fault)
    assert reach.told == [fault.code]
    assert all(of_service for _, of_service in failures(bench))
    while len(bench.links) == 1:
        bench.clock.advance(1)
    bench.link.open()
    assert reach.told == [fault.code, "answered"]


@pytest.mark.parametrize(
    "fault", [faults.BAD_KEY, faults.ACCESS_DENIED, faults.NO_MODEL, faults.NO_CREDIT]
)
@pytest.mark.parametrize("opened", [False, True])
async def test_a_refusal_for_good_is_the_services_whenever_it_comes(
    fault: Fault, *, opened: bool
) -> None:
    reach = RecordedReach()
    bench = Bench(reach=reach)
    bench.talk.feed(A)
    if opened:
        bench.link.open()
    bench.link.breaks(fault)
    assert reach.told == [*(["answered"] if opened else []), f"{fault.code}!"]
    assert failures(bench) == [(fault.code, True)]


@pytest.mark.parametrize(
    "fault",
    [
        faults.RATE_LIMITED,
        faults.TOKENS_USED,
        faults.CONTENT,
        faults.BAD_VOICE,
        faults.of_error("invalid_value", "Invalid.", "session.translation"),
    ],
)
async def test_what_is_of_one_session_is_no_trouble_of_the_service(fault: Fault) -> None:
    reach = RecordedReach()
    bench = Bench(reach=reach)
    bench.talk.feed(A)
    bench.link.breaks(fault)
    assert reach.told == []
    assert all(not of_service for _, of_service in failures(bench))


async def test_a_link_that_breaks_is_judged_by_the_next_connect() -> None:
    reach = RecordedReach()
    bench = Bench(reach=reach)
    bench.talk.feed(A)
    bench.link.open()
    bench.link.breaks(faults.LOST)
    assert reach.told == ["answered"]
    bench.clock.advance(1)
    bench.link.breaks(faults.CONNECTION_REFUSED)
    assert reach.told == ["answered", "connection_refused"]


async def test_a_conversation_that_is_being_closed_says_nothing_of_the_service() -> None:
    reach = RecordedReach()
    bench = Bench(reach=reach)
    bench.talk.open()
    await bench.talk.close()
    bench.link.breaks(faults.UNREACHABLE)
    assert reach.told == []


def breaks_newest(bench: Bench, broken: int) -> int:
    """Let a connect fail that was made since so many failed; how many did now."""
    if len(bench.links) > broken:
        bench.link.breaks(faults.CONNECTION_REFUSED)
    return len(bench.links)


async def test_while_the_service_is_away_the_last_twenty_seconds_are_kept_and_no_more() -> None:
    bench = Bench(per_minute=1000, reach=RecordedReach())
    words: list[tuple[float, bytes]] = []
    broken, last_try = 0, 0.0
    for second in range(120):
        word = bytes([second + 1, 0]) * (CHUNK // 2)
        words.append((bench.clock.now(), word))
        bench.talk.feed(word)
        if len(bench.links) > broken:
            last_try = bench.clock.now()
            broken = breaks_newest(bench, broken)
        bench.clock.advance(1)
    while len(bench.links) == broken:
        bench.clock.advance(1)
    bench.link.open()
    assert bench.link.audio == b"".join(word for at, word in words if at >= last_try - KEPT_S)
    assert "words_lost" in bench.codes()


async def test_what_nobody_added_to_for_twenty_seconds_is_given_up() -> None:
    bench = Bench(per_minute=1000, reach=RecordedReach())
    bench.talk.feed(A)
    broken = 0
    for _ in range(100):
        broken = breaks_newest(bench, broken)
        bench.clock.advance(1)
    assert bench.states()[-1] == "idle"
    assert bench.codes() == ["connection_refused", "words_lost"]
    assert broken < 10


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (faults.BAD_KEY, "bad_key!"),
        (faults.UNREACHABLE, "unreachable"),
        (faults.unreachable("proxy.example"), "unreachable"),
        (faults.NO_ANSWER, "no_answer"),
        (faults.OVERLOADED, "overloaded"),
        (faults.RATE_LIMITED, None),
        (TEXT_REFUSED, None),
        (UNREADABLE, None),
    ],
)
async def test_a_text_that_fails_tells_of_the_service_what_is_not_its_own(
    fault: Fault, told: str | None
) -> None:
    reach = RecordedReach()
    failing: list[Fault] = [fault]
    service = SimulatedService(
        per_minute=600, outcome=lambda _: failing[0] if failing else None, reach=reach
    )
    asker = Asker(service)
    asker.ask(text("one"))
    await service.run(1.0)
    assert set(reach.told) == ({told} if told else set())
    of_service = [a.of_service for _, a in asker.answers if isinstance(a, Failed)]
    assert all(one is (told is not None) for one in of_service)
    failing.clear()
    await service.run(100.0)
    asker.ask(text("two"))
    await service.run(3.0)
    assert reach.told[-1] == "answered"
    await service.queue.close()
