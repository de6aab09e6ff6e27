"""What of the text requests each server gets, whatever the others do; in simulated time."""

from collections.abc import Iterator

import pytest

from bot.domain.events import TextRequest
from bot.translation.protocol import faults
from bot.translation.text.batching import FIRST_REST_S, MOST_FAILURES
from bot.translation.text.finals import MOST_REMEMBERED, Rota
from bot.translation.text.queue import LATE_S, LEFT_UNDER_WAY, MOST_UNDER_WAY, MOST_WAITING
from tests.support.texts import Asker, SimulatedService, line_by_line, text

BUSY, CALM = 1, 2


def others() -> Iterator[str]:
    """Languages that share no request."""
    return (f"x{number}" for number in range(10_000))


async def test_of_too_many_finals_whoever_has_most_loses_its_oldest() -> None:
    service = SimulatedService(per_minute=1)
    busy, calm = Asker(service), Asker(service)
    calm.ask(text("calm", guild=CALM))
    for number in range(MOST_WAITING + 2):
        busy.ask(text(str(number), guild=BUSY))
    await service.run(1.0)
    assert calm.texts == ["en: calm"]
    assert calm.codes == []
    assert [words for words, _ in busy.answers] == ["0", "1", "2"]
    await service.queue.close()


async def test_of_too_many_interims_whoever_has_most_loses_its_oldest() -> None:
    service = SimulatedService(per_minute=1)
    busy, calm = Asker(service), Asker(service)
    kept = calm.ask(text("calm", final=False, guild=CALM))
    for number in range(MOST_WAITING + 2):
        busy.ask(text(str(number), final=False, guild=BUSY))
    await service.run(1.0)
    assert kept.waiting
    assert [words for words, _ in busy.answers] == ["0", "1", "2"]
    await service.queue.close()


async def test_guilds_interims_take_turns() -> None:
    service = SimulatedService(per_minute=120, takes_s=0.1)
    asker = Asker(service)
    for number in range(5):
        asker.ask(text(f"busy {number}", final=False, guild=BUSY))
    asker.ask(text("calm", final=False, guild=CALM))
    await service.run(2.5)
    assert asker.texts == ["en: busy 0", "en: calm", "en: busy 1"]
    await service.queue.close()


async def test_finals_beyond_a_server_s_share_hold_up_no_other_s_interims() -> None:
    service = SimulatedService(per_minute=240, takes_s=0.1)
    busy, calm = Asker(service), Asker(service)
    targets = others()
    delays: list[float] = []
    for target in [next(targets) for _ in range(4)]:  # requests go out evenly from here on
        busy.ask(text("busy", guild=BUSY, target=target))
        await service.run(0.25)
    for second in range(1, 91):
        for target in [next(targets) for _ in range(6)]:
            busy.ask(text("busy", guild=BUSY, target=target))
        if second >= 60 and second % 3 == 0:
            asked_at = service.clock.now()
            calm.ask(text(f"calm {second}", final=False, guild=CALM))
            while len(calm.answers) <= len(delays):
                await service.run(0.05)
            delays.append(service.clock.now() - asked_at)
        await service.run(1000.0 + second + 1 - service.clock.now())
    assert len(delays) == 11
    assert max(delays) <= 1.15  # a second without others in their share, and its answer
    assert service.most_within(1.0) <= 4
    assert len(busy.texts) >= 300
    await service.queue.close()


async def test_a_server_s_own_finals_go_before_its_interims() -> None:
    service = SimulatedService(per_minute=120, takes_s=0.1)
    asker = Asker(service)
    asker.ask(text("interim", final=False))
    for target in ("en", "fr", "de"):
        asker.ask(text("final", target=target))
    await service.run(1.5)
    assert [request.final for _, request in service.sent] == [True, True, True]
    await service.queue.close()


async def test_an_interim_waits_for_a_final_of_its_server_that_is_tried_again() -> None:
    failing = [faults.OVERLOADED]
    service = SimulatedService(
        per_minute=240, takes_s=0.1, outcome=lambda _: failing.pop() if failing else None
    )
    asker = Asker(service)
    asker.ask(text("final"))
    await service.run(0.2)
    asker.ask(text("interim", final=False))
    await service.run(3.0)
    assert asker.texts == ["en: final", "en: interim"]
    await service.queue.close()


async def test_slow_requests_of_one_server_leave_some_under_way_for_others() -> None:
    service = SimulatedService(per_minute=6000, takes_s=100.0)
    asker = Asker(service)
    targets = others()
    for target in [next(targets) for _ in range(40)]:
        asker.ask(text("busy", guild=BUSY, target=target))
    await service.run(1.0)
    assert len(service.sent) == MOST_UNDER_WAY - LEFT_UNDER_WAY
    for target in ("en", "fr", "de"):
        asker.ask(text("calm", guild=CALM, target=target))
    await service.run(1.0)
    assert [request.guild_id for _, request in service.sent[-2:]] == [CALM, CALM]
    assert len(service.sent) == MOST_UNDER_WAY
    assert service.clock.next_at == 1000.0 + LATE_S  # nothing is woken for what can't be
    await service.queue.close()


async def test_two_slow_servers_have_half_of_what_is_under_way_each() -> None:
    service = SimulatedService(per_minute=6000, takes_s=100.0)
    asker = Asker(service)
    targets = others()
    for target in [next(targets) for _ in range(20)]:
        asker.ask(text("busy", guild=BUSY, target=target))
        asker.ask(text("calm", guild=CALM, target=target))
    await service.run(1.0)
    sent = [request.guild_id for _, request in service.sent]
    assert (sent.count(BUSY), sent.count(CALM)) == (8, 8)
    await service.queue.close()


async def test_a_flood_elsewhere_makes_no_sentences_share_a_request() -> None:
    service = SimulatedService(per_minute=240, takes_s=0.1)
    busy, calm = Asker(service), Asker(service)
    for number in range(100):
        busy.ask(text(f"busy {number}", guild=BUSY))
    calm.ask(text("one", guild=CALM))
    calm.ask(text("two", guild=CALM))
    await service.run(0.5)
    assert [texts for texts in service.texts if "busy" not in texts[0]] == [["one"], ["two"]]
    assert len(max(service.texts, key=len)) == 16
    await service.queue.close()


async def test_who_loses_its_lines_goes_alone_and_nobody_else_does() -> None:
    def translates(request: TextRequest) -> str:
        lines = line_by_line(request)
        return lines.replace("\n", " ") if request.guild_id == BUSY else lines

    service = SimulatedService(per_minute=240, takes_s=0.1, translates=translates)
    busy, calm = Asker(service), Asker(service)
    for number in range(16 * 4 * MOST_FAILURES):
        busy.ask(text(f"busy {number}", guild=BUSY))
    await service.run(FIRST_REST_S / 2)
    asked = [f"calm {number}" for number in range(8)]
    for words in asked:
        calm.ask(text(words, guild=CALM))
    await service.run(FIRST_REST_S / 2)
    assert calm.texts == [f"en: {words}" for words in asked]
    shared = [texts for texts in service.texts if "calm" in texts[0]]
    assert len(shared) <= 4
    assert max(map(len, shared)) >= 2
    await service.queue.close()


@pytest.mark.parametrize("guilds", [1, 2, 50])
async def test_however_many_servers_each_is_served_in_turn(guilds: int) -> None:
    service = SimulatedService(per_minute=240, takes_s=0.1)
    asker = Asker(service)
    for target in ("en", "fr"):
        for guild in range(guilds):
            asker.ask(text(f"{guild}", guild=guild, target=target))
    await service.run(LATE_S)
    sent = [request.guild_id for _, request in service.sent]
    assert sent == [*range(guilds), *range(guilds)]
    await service.queue.close()


def test_of_servers_served_long_ago_nothing_is_kept() -> None:
    rota = Rota()
    for guild in range(3 * MOST_REMEMBERED):
        rota.served(guild)
    assert rota.order([3 * MOST_REMEMBERED - 1, 0]) == [0, 3 * MOST_REMEMBERED - 1]
    assert len(rota._served) == MOST_REMEMBERED
