"""Which sentences go out together where the limits do not suffice, in simulated time."""

import asyncio
import random
from functools import partial

import pytest

from bot.domain.events import TextAnswer, TextRequest
from bot.translation.protocol import faults
from bot.translation.protocol.faults import Fault
from bot.translation.text.batching import FIRST_REST_S, MOST_BYTES, MOST_FAILURES, MOST_SENTENCES
from bot.translation.text.queue import MOST_TRIES
from bot.translation.text.qwen_mt import UNREADABLE
from tests.support.texts import Asker, SimulatedService, line_by_line, text

REFUSED = Fault("text_refused", "No.", retryable=False)


def merged(request: TextRequest) -> str:
    """A translation in a single line."""
    return line_by_line(request).replace("\n", " ")


def refusing(word: str, fault: Fault = REFUSED) -> SimulatedService:
    """A service that does not take whatever has this word."""
    return SimulatedService(outcome=lambda asked: fault if word in asked.text else None)


async def test_those_that_wait_for_the_same_request_share_it() -> None:
    service = SimulatedService()
    asker = Asker(service)
    asker.ask(text("one"))
    await service.run(0.1)
    asker.ask(text("two"))
    await service.run(0.3)
    asker.ask(text("three\nthree", terms={"three": "3"}))
    await service.run(2.0)
    assert service.texts == [["one"], ["two", "three three"]]
    assert service.sent[1][1].terms == {"three": "3"}
    assert asker.texts == ["en: one", "en: two", "en: three three"]
    await service.queue.close()


async def test_with_room_for_each_none_is_shared() -> None:
    service = SimulatedService(per_minute=600)
    asker = Asker(service)
    for number in range(10):
        asker.ask(text(str(number)))
    await service.run(0.1)
    assert service.texts == [[str(number)] for number in range(10)]
    await service.queue.close()


async def test_no_more_share_a_request_than_have_to() -> None:
    service = SimulatedService(per_minute=300)
    asker = Asker(service)
    for number in range(12):
        asker.ask(text(str(number)))
    await service.run(0.1)
    assert [len(lines) for lines in service.texts] == [3, 3, 2, 2, 2]
    await service.run(1.0)
    assert asker.texts == [f"en: {number}" for number in range(12)]
    await service.queue.close()


async def test_long_sentences_fill_a_request_sooner() -> None:
    service = SimulatedService()
    asker = Asker(service)
    for number in range(5):
        asker.ask(text(f"{number}" * (MOST_BYTES // 3)))
    await service.run(5.0)
    assert [len(lines) for lines in service.texts] == [2, 2, 1]
    assert len(asker.texts) == 5
    await service.queue.close()


async def test_guilds_and_languages_are_kept_apart() -> None:
    service = SimulatedService()
    asker = Asker(service)
    for number in range(3):
        for guild in (1, 2):
            for source, target in (("es", "en"), ("fr", "en"), ("es", "fr"), (None, "en")):
                words = f"{number} {guild} {source} {target}"
                asker.ask(text(words, guild=guild, source=source, target=target))
    await service.run(10.0)
    assert [len(lines) for lines in service.texts] == [3] * 8
    for _, request in service.sent:
        kinds = {line.partition(" ")[2] for line in request.text.split("\n")}
        assert kinds == {f"{request.guild_id} {request.source} {request.target}"}
    await service.queue.close()


async def test_interims_share_nothing() -> None:
    service = SimulatedService(per_minute=240)
    asker = Asker(service)
    for number in range(8):
        asker.ask(text(f"final {number}"))
        asker.ask(text(f"interim {number}", final=False))
    await service.run(6.0)
    for lines in service.texts:
        assert len(lines) == 1 or all(line.startswith("final") for line in lines)
    assert len(asker.texts) == 16
    await service.queue.close()


async def test_the_oldest_goes_first_and_takes_its_languages_along() -> None:
    service = SimulatedService()
    asker = Asker(service)
    asker.ask(text("a"))
    await service.run(0.1)
    for words, target in (("b", "fr"), ("c", "en"), ("d", "fr"), ("e", "de"), ("f", "en")):
        asker.ask(text(words, target=target))
        await service.run(0.01)
    await service.run(4.0)
    assert service.texts == [["a"], ["b", "d"], ["c", "f"], ["e"]]
    await service.queue.close()


# What was taken back


async def test_what_was_taken_back_does_not_go_along() -> None:
    service = SimulatedService()
    asker = Asker(service)
    tickets = [asker.ask(text(words)) for words in ("one", "two", "three", "four")]
    tickets[0].cancel()
    tickets[2].cancel()
    await service.run(2.0)
    assert service.texts == [["two", "four"]]
    assert asker.texts == ["en: two", "en: four"]
    await service.queue.close()


async def test_what_is_taken_back_while_its_request_is_made_is_left_out() -> None:
    service = SimulatedService()
    asker = Asker(service)
    ticket = asker.ask(text("one"))
    asker.ask(text("two"))
    service.clock.advance(0.0)  # both are chosen
    ticket.cancel()
    await asyncio.sleep(0)
    await service.run(2.0)
    assert service.texts == [["two"]]
    assert asker.texts == ["en: two"]
    await service.queue.close()


async def test_a_request_of_which_all_was_taken_back_is_not_made() -> None:
    service = SimulatedService()
    asker = Asker(service)
    ticket = asker.ask(text("one"))
    service.clock.advance(0.0)  # it is chosen
    ticket.cancel()
    await asyncio.sleep(0)
    asker.ask(text("two"))
    await service.run(2.0)
    assert service.texts == [["two"]]
    await service.queue.close()


async def test_what_is_taken_back_under_way_changes_nothing_for_the_others() -> None:
    service = SimulatedService(translates=merged)
    asker = Asker(service)
    tickets = [asker.ask(text(words)) for words in ("one", "two", "three")]
    await service.run(0.1)
    tickets[1].cancel()
    await service.run(5.0)
    assert service.texts == [["one", "two", "three"], ["one"], ["three"]]
    assert asker.texts == ["en: one", "en: three"]
    assert asker.used == service.used
    assert service.queue.asked_again == 2
    await service.queue.close()


# Answers that can't be told apart


async def test_lines_that_do_not_match_are_asked_for_in_smaller_batches_then_alone() -> None:
    service = SimulatedService(translates=merged)
    asker = Asker(service)
    words = [f"s{number}" for number in range(MOST_SENTENCES)]
    for each in words:
        asker.ask(text(each))
    await service.run(25.0)
    assert sorted(len(lines) for lines in service.texts) == [1] * 16 + [4] * 4 + [16]
    assert sorted(asker.texts) == sorted(f"en: {each}" for each in words)
    assert service.queue.asked_again == 2 * MOST_SENTENCES
    assert asker.used == service.used
    await service.queue.close()


async def test_a_service_that_merges_lines_is_not_paid_twice_for_ever() -> None:
    service = SimulatedService(per_minute=120, translates=merged)
    asker = Asker(service)
    for second in range(600):
        asker.ask(text(f"first {second}"))
        if second % 4 == 0:  # three at times, for which two requests a second do not suffice
            asker.ask(text(f"second {second}"))
            asker.ask(text(f"third {second}"))
        await service.run(1.0)
    await service.run(30.0)
    assert len(asker.texts) == 900
    assert service.queue.given_up == 0
    useless = sum(len(lines) > 1 for lines in service.texts)
    assert MOST_FAILURES < useless <= MOST_FAILURES + 8
    await service.queue.close()


async def test_a_language_whose_lines_do_not_match_starves_no_other() -> None:
    service = SimulatedService(
        translates=lambda asked: (merged if asked.target == "fr" else line_by_line)(asked)
    )
    asker = Asker(service)
    delays: list[float] = []

    def answered(asked_at: float, _: object) -> None:
        delays.append(service.clock.now() - asked_at)

    for tick in range(120):
        asker.ask(text(f"{tick}", target="fr"))
        for target in ("de", "pt"):
            request = text(f"{tick}", target=target)
            service.queue.ask(request, partial(answered, service.clock.now()))
        await service.run(0.5)
    await service.run(30.0)
    assert len(delays) == 2 * 120
    assert max(delays) <= 8.0
    assert len(asker.texts) >= 15  # and it has its own turns
    await service.queue.close()


async def test_after_a_rest_sentences_share_requests_again() -> None:
    merges = True
    service = SimulatedService(
        translates=lambda asked: merged(asked) if merges else line_by_line(asked)
    )
    asker = Asker(service)

    async def four() -> list[int]:
        before = len(service.sent)
        for _ in range(4):
            asker.ask(text("word"))
        await service.run(6.0)
        return [len(lines) for lines in service.texts[before:]]

    for _ in range(MOST_FAILURES):
        assert await four() == [4, 1, 1, 1, 1]
    assert await four() == [1, 1, 1, 1]
    merges = False
    await service.run(FIRST_REST_S)
    assert await four() == [2, 2]
    assert await four() == [4]
    await service.queue.close()


# Failures


async def test_a_refused_sentence_costs_nobody_else_theirs() -> None:
    service = refusing("bad")
    asker = Asker(service)
    for number in range(6):
        asker.ask(text("bad" if number == 3 else f"good {number}"))
    await service.run(10.0)
    assert sorted(asker.texts) == [f"en: good {number}" for number in (0, 1, 2, 4, 5)]
    assert asker.codes == ["text_refused"]
    assert ["bad"] in service.texts
    await service.queue.close()


async def test_a_pair_of_languages_that_does_not_exist_is_told_to_each() -> None:
    service = refusing("word")
    asker = Asker(service)
    for number in range(6):
        asker.ask(text(f"word {number}"))
    await service.run(15.0)
    assert asker.codes == ["text_refused"] * 6
    await service.queue.close()


@pytest.mark.parametrize("fault", [faults.REPEATED, UNREADABLE, faults.OVERLOADED])
async def test_a_sentence_that_always_fails_takes_no_other_with_it(fault: Fault) -> None:
    service = refusing("bad", fault)
    asker = Asker(service)
    for number in range(8):
        asker.ask(text("bad" if number == 5 else f"good {number}"))
    await service.run(25.0)
    assert len(asker.texts) == 7
    assert asker.codes == [fault.code]
    tries = [lines for lines in service.texts if "bad" in lines]
    assert len(tries) == MOST_TRIES
    assert tries[-1] == ["bad"]
    await service.queue.close()


async def test_a_passing_failure_of_the_service_leaves_batches_as_they_are() -> None:
    failing = [faults.OVERLOADED, faults.RATE_LIMITED]
    service = SimulatedService(outcome=lambda _: failing.pop() if failing else None)
    asker = Asker(service)
    for number in range(5):
        asker.ask(text(str(number)))
    await service.run(10.0)
    assert [len(lines) for lines in service.texts] == [5, 5, 5]
    assert asker.texts == [f"en: {number}" for number in range(5)]
    await service.queue.close()


async def test_a_refused_account_is_told_to_all_of_a_batch() -> None:
    service = refusing("word", faults.BAD_KEY)
    asker = Asker(service)
    for number in range(5):
        asker.ask(text(f"word {number}"))
    await service.run(3.0)
    assert asker.codes == [faults.BAD_KEY.code] * 5
    assert len(service.sent) == 1
    await service.queue.close()


async def test_a_sentence_of_an_unknown_language_that_stays_as_it_was_is_asked_for_alone() -> None:
    def translates(request: TextRequest) -> str:
        lines = request.text.split("\n")
        left = "leave" if len(lines) > 1 else "nothing"
        return "\n".join(line if left in line else f"en: {line}" for line in lines)

    service = SimulatedService(translates=translates)
    asker = Asker(service)
    for words in ("one", "leave this", "three"):
        asker.ask(text(words, source=None))
    await service.run(3.0)
    assert service.texts == [["one", "leave this", "three"], ["leave this"]]
    assert sorted(asker.texts) == ["en: leave this", "en: one", "en: three"]
    assert asker.used == service.used
    await service.queue.close()


async def test_who_can_not_take_an_answer_keeps_nobody_from_theirs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def breaks(_: object) -> None:
        raise ZeroDivisionError

    service = SimulatedService()
    asker = Asker(service)
    service.queue.ask(text("one"), breaks)
    asker.ask(text("two"))
    asker.ask(text("three", target="fr"))
    await service.run(3.0)
    assert asker.texts == ["en: two", "fr: three"]
    assert "ZeroDivisionError" in caplog.text
    await service.queue.close()


# A whole room

FURTHER = ("fr", "de", "pt", "it")


@pytest.mark.parametrize("source", ["es", None])
async def test_five_minutes_of_eight_people_into_five_languages_at_a_request_a_second(
    source: str | None,
) -> None:
    chance = random.Random(3)
    service = SimulatedService(per_minute=60, takes_s=0.4, line_s=0.2)
    delays: list[float] = []

    def answered(asked_at: float, expected: str, answer: object) -> None:
        assert isinstance(answer, TextAnswer)
        assert answer.text == expected
        delays.append(service.clock.now() - asked_at)

    asked = 0
    said_at = sorted(
        begin + sum(pauses[: count + 1])
        for begin in (chance.uniform(0.0, 3.2) for _ in range(8))
        for pauses in [[chance.uniform(1.9, 4.5) for _ in range(160)]]
        for count in range(160)
    )
    for number, at in enumerate(each for each in said_at if each < 300.0):
        await service.run(1000.0 + at - service.clock.now())
        for target in FURTHER:
            words = f"{number} is a sentence of about eighty letters, as people say them in a call."
            service.queue.ask(
                text(words, source=source, target=target),
                partial(answered, service.clock.now(), f"{target}: {words}"),
            )
            asked += 1
    await service.run(30.0)
    assert asked >= 2_900
    assert len(delays) == asked
    assert service.queue.given_up == service.queue.asked_again == 0
    assert service.most_within(60.0) <= 60
    assert service.most_within(1.0) <= 1
    delays.sort()
    assert delays[int(0.95 * len(delays))] <= 8.0
    assert delays[-1] <= 10.0
    await service.queue.close()
