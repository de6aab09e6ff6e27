"""What a person reads in a caption is what was rendered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.rendering.reading import Read, read, read_all
from bot.chat.rendering.render import parts
from bot.domain.events import Caption, Member
from bot.words.clean import clean

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=200)


def caption(text: str, source: str, *, final: bool) -> Caption:
    return Caption(1, Member(1, "Ana"), "en", text, source, "es", final, 0.0)


@given(text=words, source=words, final=st.booleans())
def test_text_and_original_come_back_as_they_were_said(
    text: str, source: str, *, final: bool
) -> None:
    shown = parts(caption(text, source, final=final))
    if len(shown) != 1 or not clean(text) or clean(text).endswith("…"):
        return
    found = read(shown[0])
    assert found.text == clean(text).strip()
    assert found.source == clean(source).strip()
    assert found.final == final


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("`EN` Hello …\n-# es · Hola", Read("en", "Hello", "es", "Hola", final=False)),
        ("`ZH` 2 \\* 3\\.", Read("zh", "2 * 3.", "", "", final=True)),
        ("-# de · Guten Tag.", Read("", "", "de", "Guten Tag.", final=True)),
    ],
)
def test_the_parts_of_a_caption_are_told_apart(content: str, found: Read) -> None:
    assert read(content) == found


def test_several_languages_of_one_message_are_told_apart() -> None:
    assert read_all("`EN` Hello\n`DE` Hallo …\n-# es · Hola") == [
        Read("en", "Hello", "es", "Hola", final=True),
        Read("de", "Hallo", "es", "Hola", final=False),
    ]


def test_text_without_a_label_is_in_the_rooms_only_language() -> None:
    assert read("Hello", "en") == Read("en", "Hello", "", "", final=True)
