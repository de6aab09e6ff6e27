"""Two texts with the same words, with some, or with none in common."""

import pytest

from bot.words.same_words import same_words, share_nothing


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello.", "hello"),
        ("It's me!", "its me"),
        ("你好。", "你好"),
        ("STRASSE", "straße"),
    ],
)
def test_signs_and_capitals_make_no_other_words(one: str, other: str) -> None:
    assert same_words(one, other)
    assert not share_nothing(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sí.", "Yes."),
        ("No way", "Auf keinen Fall"),
        ("你好", "こんにちは"),
        ("谢谢", "Thank you"),
        ("ขอบคุณ", "ありがとう"),
        ("Да", "Yes"),
        ("Art", "Artful"),
    ],
)
def test_texts_without_a_common_word_share_nothing(one: str, other: str) -> None:
    assert share_nothing(one, other)
    assert not same_words(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I am here.", "I'm here!"),
        ("Sí, María.", "Yes, María."),
        ("今日は良い天気", "良い天気ですね"),
        ("Cafe\u0301", "café"),
        ("\uff12\uff10", "20 people"),
    ],
)
def test_one_word_in_common_is_something(one: str, other: str) -> None:
    assert not share_nothing(one, other)


@pytest.mark.parametrize(("one", "other"), [("", ""), ("...", "Yes."), ("Yes.", " "), ("?", "!")])
def test_without_words_nothing_is_told(one: str, other: str) -> None:
    assert not share_nothing(one, other)
    assert not same_words(one, other)
