"""Both forms of a sentence with a count say the same; only the number changes."""

import re

import pytest

from tests.words.sentences import sentences

SINGULARS = {
    "are": "is",
    "were": "was",
    "have": "has",
    "they": "it",
    "these": "this",
    "people": "person",
    "one": "{count}",
    "once": "{count} time",
}


def without_number(text: str) -> str:
    """A text with everything in the singular, for comparison."""
    words = re.findall(r"\{\w+\}|[\w']+|[^\w\s]", text.lower())
    return " ".join(SINGULARS.get(word, re.sub(r"(?<=\w\w)s$", "", word)) for word in words)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{count} term was added.", "{count} words were added."),
        ("{count} person is heard.", "{count} people are being heard."),
        ("Try again in {count} second.", "Please try again in {count} seconds."),
        ("{limit} minute is used up", "{limit} minutes are used up until midnight"),
    ],
)
def test_other_words_in_the_plural_are_found(one: str, other: str) -> None:
    assert without_number(one) != without_number(other)


def test_both_forms_of_every_sentence_differ_in_number_only() -> None:
    pairs = [(s.where, s.message, s.plural) for s in sentences() if s.plural is not None]
    assert pairs
    uneven = [pair for pair in pairs if without_number(pair[1]) != without_number(pair[2])]
    assert uneven == []
