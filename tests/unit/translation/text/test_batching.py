"""Sentences that share a request: which, and what each gets of the answer."""

import pytest

from bot.domain.events import TextAnswer, TextRequest, Usage
from bot.translation.text.batching import (
    FIRST_REST_S,
    LONGEST_REST_S,
    MOST_BYTES,
    MOST_FAILURES,
    MOST_SENTENCES,
    Trust,
    fits,
    joined,
    parted,
)
from tests.support.texts import text

PAIR = (7, "es", "en")


def answer(*lines: str, tokens: int = 100) -> TextAnswer:
    return TextAnswer("\n".join(lines), Usage(text_tokens_in=tokens, text_tokens_out=tokens + 1))


def texts(parts: list[TextAnswer | Usage]) -> list[str | None]:
    return [part.text if isinstance(part, TextAnswer) else None for part in parts]


def used(parts: list[TextAnswer | Usage]) -> Usage:
    shares = [part.usage if isinstance(part, TextAnswer) else part for part in parts]
    return sum(shares, start=Usage())


def test_a_single_sentence_is_asked_for_as_it_is() -> None:
    request = text("two\nlines")
    assert joined([request]) is request


def test_a_request_has_a_line_for_each_sentence_and_the_terms_of_all() -> None:
    batch = [text("one\r\n more", terms={"one": "1"}), text("two\u2028more", terms={"two": "2"})]
    assert joined(batch) == text("one more\ntwo more", terms={"one": "1", "two": "2"})


def test_so_many_sentences_and_no_more_share_a_request() -> None:
    batch = [text("word")] * (MOST_SENTENCES - 1)
    assert fits(batch, text("word"))
    assert not fits([*batch, text("word")], text("word"))


@pytest.mark.parametrize("letter", ["a", "я", "語"])
def test_so_much_text_and_no_more_shares_a_request(letter: str) -> None:
    long = text(letter * (MOST_BYTES // 2 // len(letter.encode()) - 1))
    assert fits([long], long)
    assert not fits([long, long], text("word"))


def test_a_sentence_without_words_shares_no_request() -> None:
    assert not fits([text("word")], text(" \n"))
    assert not fits([text(" ")], text("word"))


def test_terms_that_contradict_each_other_share_no_request() -> None:
    batch = [text("one", terms={"one": "1"})]
    assert fits(batch, text("one more", terms={"one": "1"}))
    assert not fits(batch, text("one more", terms={"one": "eins"}))


@pytest.mark.parametrize("given", ["A.\nB.\nC.", "\nA.\r\n\n B. \n\nC.\n", "A.\u2028B.\u2028C."])
def test_each_sentence_gets_its_line(given: str) -> None:
    parts = parted(TextAnswer(given), [text("uno"), text("dos"), text("tres")])
    assert texts(parts) == ["A.", "B.", "C."]


@pytest.mark.parametrize("lines", [["A. B."], ["A.", "B.", "C."], ["A.", ""]])
def test_an_answer_with_other_lines_is_not_trusted_at_all(lines: list[str]) -> None:
    parts = parted(answer(*lines), [text("uno"), text("dos")])
    assert texts(parts) == [None, None]


@pytest.mark.parametrize("lines", [["A.", "B" * 97, "C." * 5], ["A. B. C."]])
@pytest.mark.parametrize("tokens", [0, 1, 2, 100, 101])
def test_what_the_parts_used_is_what_the_answer_used(lines: list[str], tokens: int) -> None:
    given = answer(*lines, tokens=tokens)
    parts = parted(given, [text("uno"), text("dos dos dos dos"), text("tres")])
    assert used(parts) == given.usage


def test_a_longer_sentence_used_more() -> None:
    short, long = parted(answer("A." * 10, "B." * 30), [text("a" * 25), text("b" * 75)])
    assert isinstance(short, TextAnswer)
    assert isinstance(long, TextAnswer)
    assert (short.usage.text_tokens_in, long.usage.text_tokens_in) == (25, 75)
    assert (short.usage.text_tokens_out, long.usage.text_tokens_out) == (25, 76)


def of_unknown(*words: str) -> list[TextRequest]:
    return [text(word, source=None) for word in words]


def test_of_an_unknown_language_the_few_that_stay_as_they_were_are_asked_again() -> None:
    batch = of_unknown("hola", "adios", "Hello.")
    assert texts(parted(answer("hello", "goodbye", "hello"), batch)) == ["hello", "goodbye", None]
    known = [text("hola"), text("adios"), text("Parley")]
    assert texts(parted(answer("a", "b", "Parley"), known)) == ["a", "b", "Parley"]


def test_of_an_unknown_language_the_many_that_stay_as_they_were_are_believed() -> None:
    batch = of_unknown("Hello.", "Goodbye.", "hola")
    assert texts(parted(answer("Hello.", "Goodbye.", "hello"), batch)) == [
        "Hello.",
        "Goodbye.",
        "hello",
    ]


def test_single_failures_change_nothing() -> None:
    trust = Trust()
    for now in range(20):
        for _ in range(MOST_FAILURES - 1):
            trust.lost(PAIR, now)
        trust.kept(PAIR, now)
        assert trust.most(PAIR, now) == MOST_SENTENCES


def fail(trust: Trust, now: float) -> None:
    for _ in range(MOST_FAILURES):
        trust.lost(PAIR, now)


def test_after_failures_in_a_row_each_goes_alone_for_a_while_and_then_two_try() -> None:
    trust = Trust()
    fail(trust, 0.0)
    trust.lost(PAIR, 1.0)  # both were sent before
    trust.kept(PAIR, 1.0)
    assert trust.most(PAIR, FIRST_REST_S - 0.1) == 1
    assert trust.most((7, "es", "fr"), 0.0) == MOST_SENTENCES
    sizes = []
    for now in range(4):
        sizes.append(trust.most(PAIR, FIRST_REST_S + now))
        trust.kept(PAIR, FIRST_REST_S + now)
    assert sizes == [2, 4, 8, 16]


def test_rests_grow_until_all_is_well_again() -> None:
    trust = Trust()
    fail(trust, 0.0)
    now, rests = 0.0, []
    for _ in range(8):
        began = now
        while trust.most(PAIR, now) == 1:
            now += 1.0
        rests.append(now - began)
        trust.lost(PAIR, now)
    assert rests[:3] == [FIRST_REST_S, 2 * FIRST_REST_S, 4 * FIRST_REST_S]
    assert rests[-1] == LONGEST_REST_S
    now += LONGEST_REST_S
    for _ in range(4):
        trust.kept(PAIR, now)
    fail(trust, now)
    assert trust.most(PAIR, now + FIRST_REST_S) == 2
