"""Languages as people type them."""

import pytest

from bot.errors import UsageError
from bot.ui.languages import complete, parse

NAMES = {"en": "English", "es": "Spanish", "zh": "Chinese", "fr": "French", "et": "Estonian"}


@pytest.mark.parametrize(
    "text", ["en,es", " EN , Spanish ", "english; es", "en, es, en", "en-US\uff1bes-419"]
)
def test_codes_and_names_in_any_case_are_understood(text: str) -> None:
    assert parse(text, NAMES) == ("en", "es")


@pytest.mark.parametrize(
    ("text", "said"),
    [("tlh", "tlh"), ("", "at least one"), (" , ", "at least one"), ("en es", "en es")],
)
def test_what_is_no_language_is_named(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse(text, NAMES)


def test_too_many_languages_are_refused() -> None:
    names = {f"x{i}": f"Language {i}" for i in range(6)}
    with pytest.raises(UsageError, match="6 languages; you can choose up to 5"):
        parse(",".join(names), names)


def test_the_last_word_is_completed_and_the_others_kept() -> None:
    assert complete("english, sp", NAMES) == [("English, Spanish", "en, es")]


def test_an_exact_code_comes_before_names_that_contain_it() -> None:
    assert complete("es", NAMES)[0] == ("Spanish", "es")
    assert [value for _, value in complete("", NAMES)] == ["zh", "en", "et", "fr", "es"]


def test_what_was_chosen_is_not_offered_again() -> None:
    assert ("English, English", "en, en") not in complete("en, en", NAMES)


def test_no_more_choices_than_discord_takes() -> None:
    assert len(complete("", {f"x{i}": f"Language {i}" for i in range(60)})) == 25
