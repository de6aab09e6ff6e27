"""What is no word of a message is not translated, and comes back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.typed.markup import MOST_TEXTS, Phrase, parse

MENTIONS = "<@1> <@!2> <@&3> <#4> </translate start:5> <:wave:6> <a:wave:7> <t:8:R> <id:guide>"
KEPT = [
    *MENTIONS.replace("translate start", "translate").split(),
    "@everyone",
    "`a word`",
    "``a ` b``",
    "https://example.org/a_b?c=d#e",
    "https://example.org/wiki/Bank_(Geld)",
    "<https://example.org/hidden>",
    "](https://example.org/x)",
    '](https://example.org/x "title")',
    r"\*",
    "{1}",
]

marks = st.sampled_from([*KEPT, "||", "**", "\n", "> ", "# ", "- ", "```py\nx = 1\n```", " ", "é"])
messages = st.lists(st.one_of(marks, st.text(max_size=8)), max_size=12).map("".join)


def texts(content: str) -> list[str]:
    return [piece.text for piece in parse(content) if isinstance(piece, Phrase)]


def said(content: str, translated: str | None = None) -> str:
    """A message with each of its texts as it is, or all of them translated so."""
    pieces = []
    for piece in parse(content):
        if isinstance(piece, Phrase):
            restored = piece.restored(piece.text if translated is None else translated)
            assert restored is not None
            pieces.append(restored)
        else:
            pieces.append(piece)
    return "".join(pieces)


@given(messages)
def test_a_message_whose_texts_stay_the_same_is_the_same(content: str) -> None:
    assert said(content) == content


@given(messages)
def test_nothing_of_a_message_is_lost_when_its_pieces_are_translated_apart(content: str) -> None:
    def whole(piece: str | Phrase) -> str:
        if isinstance(piece, str):
            return piece
        return "".join(p if isinstance(p, str) else p.text for p in piece.apart())

    assert "".join(map(whole, parse(content))) == content


@pytest.mark.parametrize("kept", KEPT)
def test_what_is_no_word_is_kept_out_of_the_text(kept: str) -> None:
    assert texts(f"Hola {kept} amigo") == ["Hola {1} amigo"]
    (words,) = [piece for piece in parse(f"Hola {kept} amigo") if isinstance(piece, Phrase)]
    assert words.restored("Hello {1} friend") == f"Hello {kept} friend"
    assert words.restored("朋友｛ 1 ｝你好") == f"朋友{kept}你好"  # noqa: RUF001 - as it is written there


def test_a_sentences_end_does_not_belong_to_its_link() -> None:
    assert texts("¿Viste https://example.org/a? (https://example.org/b)") == ["¿Viste {1}? ({2})"]


@pytest.mark.parametrize("translation", ["Hello friend", "{1} {1} hello", "{2} hello", "{1} {2}"])
def test_a_translation_that_lost_or_doubled_a_mention_is_not_taken(translation: str) -> None:
    (words,) = [piece for piece in parse("Hola <@1> amigo") if isinstance(piece, Phrase)]
    assert words.restored(translation) is None
    assert [p if isinstance(p, str) else f"[{p.text}]" for p in words.apart()] == [
        "", "[Hola]", " ", "<@1>", " ", "[amigo]", "",
    ]  # fmt: skip


def test_lines_keep_what_makes_them_headings_quotes_and_lists() -> None:
    content = "# Hola\n> amigo\n> - uno\n1. dos\n-# tres\n>>> cuatro"
    assert texts(content) == ["Hola", "amigo", "uno", "dos", "tres", "cuatro"]
    assert said(content, "x") == "# x\n> x\n> - x\n1. x\n-# x\n>>> x"


def test_code_is_not_translated_and_what_is_hidden_stays_hidden() -> None:
    content = "Mira:\n```py\nprint('hola')\n```\nEl asesino es ||el mayordomo|| ahora"
    assert texts(content) == ["Mira:", "El asesino es", "el mayordomo", "ahora"]
    assert said(content, "x") == "x\n```py\nprint('hola')\n```\nx ||x|| x"


@pytest.mark.parametrize(
    "content", ["", "😀 <:wave:6>", "42 + 7", "https://example.org", "```x```"]
)
def test_a_message_without_words_has_no_text(content: str) -> None:
    assert texts(content) == []


def test_bold_that_lost_its_end_is_plain() -> None:
    assert Phrase("**Hola** amigo").restored("**Hello friend") == "Hello friend"
    assert Phrase("**Hola** amigo").restored("**Hello** friend") == "**Hello** friend"


def test_many_lines_share_a_few_texts() -> None:
    content = "\n".join(f"línea {n} número" for n in range(500))
    assert len(texts(content)) <= MOST_TEXTS
    assert said(content) == content
