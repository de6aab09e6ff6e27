import pytest

from bot.chat.rendering.plain import cut, escape, isolate, length
from bot.words.clean import clean


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("one\ntwo\r\n\tthree\u2028four", "one two three four"),
        ("  much   space\u00a0here ", "much space here"),
        ("evil\u202eesrever\u202c", "evilesrever"),
        ("\u2067a\u2069\u200e\u200f\u061cb", "ab"),
        ("zero\u200bwidth\ufeff\u2060\u00ad", "zerowidth"),
        ("\u3164\u2800\u115f", ""),
        ("\u200d\u200c \u200d", ""),
        ("bell\x07 null\x00", "bell null"),
        ("half \ud83d", "half \ufffd"),
        ("\U000e0067\U000e007fflag", "flag"),
    ],
)
def test_what_hides_reorders_or_breaks_lines_is_taken_out(text: str, plain: str) -> None:
    assert clean(text) == plain


@pytest.mark.parametrize(
    "text", ["نمی\u200cشود", "👩\u200d🚒", "क\u094d\u200dष", "한국어", "❤\ufe0f"]
)
def test_joiners_that_shape_writing_stay(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("*a* _b_ ~~c~~ ||d||", r"\*a\* \_b\_ \~\~c\~\~ \|\|d\|\|"),
        ("`code`", r"\`code\`"),
        (r"a\b", r"a\\b"),
        ("[text](https://x.example)", r"\[text\](https\://x.example)"),
        ("<@1> <#2> <:e:3> <t:4>", "\\<@\u200b1> \\<#2> \\<:e:3> \\<t:4>"),
        ("@everyone @here @HERE", "@\u200beveryone @\u200bhere @\u200bHERE"),
        ("me@example.org at 10:30 - # 1. fine!", "me@example.org at 10:30 - # 1. fine!"),
    ],
)
def test_markdown_and_mentions_are_escaped_and_nothing_else(text: str, escaped: str) -> None:
    assert escape(text) == escaped


@pytest.mark.parametrize("text", ["שלום", "hello مرحبا", "\u07caN'Ko"])
def test_right_to_left_text_is_isolated(text: str) -> None:
    assert isolate(text) == f"\u2068{text}\u2069"


def test_left_to_right_text_is_left_as_it_is() -> None:
    assert isolate("hello, 世界 42 👋") == "hello, 世界 42 👋"


def test_length_counts_characters_beyond_the_basic_plane_twice() -> None:
    assert length("a👋é") == 4


def test_a_cut_is_made_at_a_space() -> None:
    assert cut("one two three", 9) == ["one two", "three"]


def test_text_without_spaces_is_cut_at_the_limit() -> None:
    assert cut("界" * 25, 10) == ["界" * 10, "界" * 10, "界" * 5]


def test_a_cut_never_parts_a_letter_from_its_marks() -> None:
    assert cut("aaaaaaae\u0301bbb", 8) == ["aaaaaaa", "e\u0301bbb"]
    assert cut("aaaa👩\u200d🚒", 7) == ["aaaa", "👩\u200d🚒"]


def test_a_cut_counts_what_escaping_adds() -> None:
    assert cut("********", 4) == ["**", "**", "**", "**"]


def test_a_space_at_the_cut_does_not_open_the_next_piece() -> None:
    assert cut("aaaa bbbb", 4) == ["aaaa", "bbbb"]


def test_a_piece_holds_a_character_even_where_none_fits() -> None:
    assert cut("👋👋", 1) == ["👋", "👋"]
