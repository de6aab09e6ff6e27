from dataclasses import replace

import pytest

from bot.chat.rendering.plain import length
from bot.chat.rendering.render import MESSAGE_LIMIT, Style, has_name, messages, named, notice, parts
from bot.domain.events import Caption, Member
from bot.words.codes import ORIGINAL


def caption(text: str, source: str = "", *, final: bool = True, **changes: str | None) -> Caption:
    language = changes.get("language", "en") or ""
    return Caption(
        key=1,
        speaker=Member(1, "Ana"),
        language=language,
        text=text,
        source_text=source,
        source_language=changes.get("source_language", "es"),
        final=final,
        began_at=0.0,
    )


def test_the_translation_stands_above_the_original() -> None:
    assert parts(caption("Hello.", "Hola.")) == ["`EN` Hello.\n-# es · Hola."]


def test_an_interim_caption_shows_that_more_comes() -> None:
    assert parts(caption("Hello", final=False)) == ["`EN` Hello …"]
    assert parts(caption("Hello", "Hola", final=False)) == ["`EN` Hello …\n-# es · Hola"]


@pytest.mark.parametrize("text", ["", "  ", "\n\u200b"])
def test_while_there_is_no_translation_there_is_no_message(text: str) -> None:
    assert parts(caption(text, "Hola", final=False)) == []
    assert parts(caption(text, "", final=True)) == []


def test_an_unknown_source_language_is_left_out() -> None:
    whole = replace(caption("Hello", "# Hola", source_language=None), source_follows=False)
    assert parts(whole) == ["`EN` Hello\n-# \u200b# Hola"]


def test_under_a_final_one_it_waits_to_be_whole_as_its_language_may_be_the_rooms() -> None:
    growing = caption("Hello", "Ho", source_language=None)
    assert parts(growing) == ["`EN` Hello"]
    assert parts(replace(growing, final=False)) == ["`EN` Hello …\n-# \u200bHo"]


def test_what_is_said_can_not_be_markdown_nor_a_new_line() -> None:
    (content,) = parts(caption("# big\n> *quote*", "@everyone\n-# small"))
    assert content == "`EN` # big > \\*quote\\*\n-# es · @\u200beveryone -# small"


def test_a_language_code_can_not_be_markdown() -> None:
    assert parts(caption("Hello", language="`*zh-TW*`\n")) == ["`ZH-TW` Hello"]


def test_right_to_left_text_leaks_into_nothing_around_it() -> None:
    assert parts(caption("שלמה", "شكر", language="he", source_language="ar", final=False)) == [
        "`HE` \u2068שלמה\u2069 …\n-# ar · \u2068شكر\u2069"
    ]


def words(shown: list[str]) -> list[str]:
    """Every word said, without what the rendering adds."""
    marks = {"`EN`", "-#", "es", "·", "…"}
    return [word for part in shown for word in part.split() if word not in marks]


def test_a_long_caption_is_split_and_nothing_is_lost() -> None:
    said = [f"word{n}_" for n in range(900)]
    heard = [f"palabra{n}" for n in range(700)]
    shown = parts(caption(" ".join(said), " ".join(heard)))
    assert all(length(named("n" * 80, part)) <= MESSAGE_LIMIT for part in shown)
    assert [word.replace("\\", "") for word in words(shown)] == said + heard


def test_five_thousand_signs_to_escape_without_a_space_fit_with_the_worst_name() -> None:
    shown = parts(caption("*" * 5000))
    assert all(length(named("_" * 80, part)) <= MESSAGE_LIMIT for part in shown)
    assert sum(part.count("\\*") for part in shown) == 5000


def test_a_growing_caption_keeps_its_earlier_messages() -> None:
    said = " ".join(f"word{n}" for n in range(600))
    before, after = parts(caption(said, final=False)), parts(caption(f"{said} more", final=False))
    assert len(before) > 1
    assert after[: len(before) - 1] == before[:-1]


def test_a_name_before_the_text_is_plain_too() -> None:
    assert named("*_x_*", "`EN` hi") == "**\\*\\_x\\_\\*** `EN` hi"


def test_a_notice_keeps_its_lines_and_is_plain() -> None:
    assert notice("Ana *joined*.\n\n# Stay @here") == [
        "Ana \\*joined\\*.\n\u200b# Stay @\u200bhere"
    ]


def test_a_long_notice_is_split() -> None:
    shown = notice("\n".join(["word " * 100] * 20))
    assert len(shown) > 1
    assert all(0 < length(part) <= MESSAGE_LIMIT for part in shown)


def test_an_empty_notice_is_no_message() -> None:
    assert notice(" \n\u200b") == []


def test_a_final_without_a_translation_shows_the_original_alone() -> None:
    assert parts(caption("", "Guten Tag.", source_language="de")) == ["-# de · Guten Tag."]


def by(speaker: Member, text: str, source: str = "") -> Caption:
    return replace(caption(text, source), speaker=speaker)


def test_each_message_of_a_digest_begins_with_a_name() -> None:
    ana, ben = Member(1, "Ana"), Member(2, "Ben")
    said = [[by(ana, "One.")], [by(ben, "word. " * 600)], [by(ben, "Three.")], [by(ana, "Four.")]]
    shown = messages(said, Style(("en",), originals=False), names=True)
    assert len(shown) > 2
    assert all(has_name(content) and length(content) <= MESSAGE_LIMIT for content in shown)
    assert [content.startswith("**Ben** word.") for content in shown[1:]] == [True] * len(shown[1:])
    assert shown[-1].endswith("\nThree.\n**Ana** Four.")


def test_two_of_one_name_are_two_speakers() -> None:
    said = [[by(Member(number, "Ana"), f"Sentence {number}.")] for number in (1, 2)]
    (shown,) = messages(said, Style(("en",)), names=True)
    assert shown == "**Ana** Sentence 1.\n**Ana** Sentence 2."


def test_an_original_that_stands_alone_in_a_digest_stays_small() -> None:
    (shown,) = messages([[by(Member(1, "Ana"), "", "Hola.")]], Style(("en",)), names=True)
    assert shown == "-# **Ana** es \u00b7 Hola."
    assert has_name(shown)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("**Ana** Hello.", True),
        ("**A\\*\\* x** Hello.", True),
        ("`EN` **Ana** Hello.", True),
        ("\\*\\*Ana\\*\\* Hello.", False),
        ("Hello **Ana** there.", False),
        ("`EN` Hello.", False),
    ],
)
def test_a_caption_of_the_bots_own_is_known_by_its_name(content: str, *, named: bool) -> None:
    assert has_name(content) is named


TWO = Style(("en", "es"))


def own(text: str, language: str) -> Caption:
    return replace(caption(text, language=language, source_language=language), key=2)


@pytest.mark.parametrize("originals", [False, True])
def test_speech_in_a_language_of_the_room_is_that_languages_full_line(*, originals: bool) -> None:
    spanish = caption("Hola.", "Hello.", language="es", source_language="en")
    style = replace(TWO, originals=originals)
    assert messages([[spanish, own("Hello.", "en")]], style) == ["`EN` Hello.\n`ES` Hola."]


def test_it_stands_before_its_own_caption_comes() -> None:
    spanish = caption("Hola", "Hello", language="es", source_language="en-GB", final=False)
    assert messages([[spanish]], TWO) == ["`EN` Hello …\n`ES` Hola …"]


def test_a_translation_into_the_spoken_language_is_not_shown_beside_it() -> None:
    spanish = caption("Hola.", "Hello.", language="es", source_language="en")
    english = replace(caption("Hello!", source_language="en"), key=2)
    assert messages([[spanish, english]], TWO) == ["`EN` Hello!\n`ES` Hola."]


def test_an_original_in_no_language_of_the_room_stands_small_beneath() -> None:
    both = [caption("Hello.", "Guten Tag.", source_language="de"), own("Hola.", "es")]
    assert messages([both], TWO) == ["`EN` Hello.\n`ES` Hola.\n-# de · Guten Tag."]
    assert messages([both], replace(TWO, originals=False)) == ["`EN` Hello.\n`ES` Hola."]


def test_in_threads_an_original_of_the_room_has_its_own_thread() -> None:
    spanish = caption("Hola.", "Hello.", language="es", source_language="en")
    thread = Style(("es",), room=("en", "es"))
    assert messages([[spanish]], thread) == ["Hola."]
    assert messages([[own("Hello.", "en")]], Style(("en",), room=("en", "es"))) == ["Hello."]


def test_an_original_of_unknown_language_is_not_said_twice() -> None:
    lines = [caption("Hello.", language="es", source_language=None), own("Hello.", "en")]
    lines[0] = replace(lines[0], text="Hola.", source_text="Hello.")
    assert messages([lines], TWO) == ["`EN` Hello.\n`ES` Hola."]


def as_spoken(text: str, language: str | None = "es", *, final: bool = True) -> Caption:
    return caption(text, text, final=final, language=ORIGINAL, source_language=language)


def test_what_is_said_stands_alone_without_a_label() -> None:
    style = Style((ORIGINAL,))
    assert parts(as_spoken("Hola."), style) == ["Hola."]
    assert parts(as_spoken("Hola", final=False), style) == ["Hola …"]


def test_beside_translations_what_is_said_is_a_line_and_not_small_once_more() -> None:
    style = Style(("en", ORIGINAL))
    assert messages([[as_spoken("Hola."), caption("Hello.", "Hola.")]], style) == [
        "`EN` Hello.\n`ES` Hola."
    ]
    assert messages([[as_spoken("Hola", None, final=False)]], style) == ["Hola …"]


def test_what_is_said_in_a_language_of_the_room_stands_once() -> None:
    style = Style(("en", ORIGINAL, "fr"))
    french = caption("Bonjour.", "Hello.", language="fr", source_language="en")
    own = caption("Hello.", "Hello.", source_language="en")
    for lines in ([as_spoken("Hello.", "en"), french], [own, as_spoken("Hello.", "en"), french]):
        assert messages([lines], style) == ["`EN` Hello.\n`FR` Bonjour."]


def test_in_a_languages_thread_what_is_said_has_its_own() -> None:
    style = Style(("en",), room=("en", ORIGINAL))
    assert messages([[caption("Hello.", "Hola.")]], style) == ["Hello."]


def test_what_is_not_read_aloud_is_marked_behind_its_translation() -> None:
    unspoken = replace(caption("Hello", "Hola"), unspoken=True)
    assert parts(unspoken) == ["`EN` Hello 🔇\n-# es · Hola"]
