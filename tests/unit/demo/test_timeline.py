"""Which of the channel's messages the demo takes for captions, and what is still missing."""

from pathlib import Path

import pytest

from bot.demo.script import Script, SpokenLine
from bot.demo.timeline import Said, Shown, Timeline
from bot.loopback import MessagePosted
from tests.unit.loopback.rest_bench import Bench


@pytest.mark.parametrize(
    ("content", "flags", "caption"),
    [
        ("**Ana** Hello.", 4, True),
        ("`EN` **Ana** Hello.", 4, True),
        ("-# **Ana** es \u00b7 Hola.", 4, True),
        ("\\*\\*Ana\\*\\* is heard.", 4, False),
        ("**Parley** interprets here.", 0, False),
    ],
)
def test_a_message_of_the_bots_own_is_a_caption_when_it_names_who_speaks(
    content: str, flags: int, *, caption: bool
) -> None:
    bench = Bench()
    timeline = Timeline(bench.text.id, lambda: 0.0, lambda _at, _line: None)
    form = {"content": content}
    message = bench.backend.chat.compose(bench.text, bench.bot.user, form, flags=flags)
    timeline.observe(MessagePosted(0.0, message))
    assert [shown.caption for shown in timeline.shown.values()] == [caption]


def call(targets: tuple[str, ...], *contents: str, assumed: str = "") -> list[str]:
    """The languages that are missing of one line, when these captions stand."""
    only = targets[0] if len(targets) == 1 else ""
    timeline = Timeline(1, lambda: 0.0, lambda _at, _line: None, assumed=assumed)
    timeline.said = [Said("Bob", "a.wav", 0.5, 2.0)]
    timeline.shown = {
        n: Shown(n, "Bob", True, content, {}, 1.0, 1.0, language=only)  # noqa: FBT003
        for n, content in enumerate(contents)
    }
    script = Script((SpokenLine("Bob", Path("a.wav"), b"", 0.5),), targets, None)
    missing = timeline.missing(script)
    assert timeline.complete(script) == (not missing and not any("\u2026" in c for c in contents))
    return [target for _, target in missing]


def test_a_line_is_missing_until_it_stands_in_every_language() -> None:
    assert call(("en",)) == ["en"]
    assert call(("en",), "Hello \u2026\n-# es \u00b7 Hola") == ["en"]
    assert call(("en",), "Hello\n-# es \u00b7 Hola") == []
    assert call(("en", "de"), "`EN` Hello\n-# es \u00b7 Hola") == ["de"]
    assert call(("en", "de"), "`EN` Hello\n`DE` Hallo\n-# es \u00b7 Hola") == []


def test_what_is_said_in_a_language_of_the_room_stands_as_it_was_said() -> None:
    assert call(("en",), "-# en \u00b7 Hello") == []
    assert call(("en", "es"), "`ES` Hola\n-# en \u00b7 Hello") == []
    assert call(("en", "es"), "-# en \u00b7 Hello") == ["es"]
    assert call(("nb",), "-# no \u00b7 Hei") == []


def test_an_original_without_a_language_is_in_the_one_that_the_model_assumes() -> None:
    assert call(("en",), "-# Hello", assumed="en") == []
    assert call(("es",), "-# Hello", assumed="en") == ["es"]
    assert call(("en",), "-# Hello") == ["en"]


def test_a_sentence_that_goes_on_is_waited_for() -> None:
    assert call(("en",), "One.", "Two \u2026") == []  # and yet it is not complete


def test_each_line_of_a_speaker_wants_a_caption_of_its_own() -> None:
    timeline = Timeline(1, lambda: 0.0, lambda _at, _line: None)
    timeline.said = [Said("Bob", "a.wav", 0, 1), Said("Bob", "a.wav", 5, 6)]
    lines = tuple(SpokenLine("Bob", Path("a.wav"), b"", at) for at in (0.0, 5.0))
    timeline.shown[1] = Shown(1, "Bob", True, "One.", {}, 1.0, 1.0, language="en")  # noqa: FBT003
    assert timeline.missing(Script(lines, ("en",), None)) == [(lines[1], "en")]
