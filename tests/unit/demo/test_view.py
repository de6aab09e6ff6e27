"""The call in the terminal, whatever its size."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from bot.demo.timeline import Participant, Shown, Timeline
from bot.demo.view import save_picture, screen

SIZES = [(80, 24), (120, 40), (112, 30), (60, 12), (50, 20), (30, 8)]
LONG = "This is a sentence of more than fifty and less than eighty letters."


def timeline(count: int) -> Timeline:
    line = Timeline(1, lambda: 0.0, lambda _at, _text: None)
    line.people = {n: Participant(f"Person {n}", present=True, heard=True) for n in range(3)}
    for n in range(count):
        content = f"{LONG}\n-# es \u00b7 Esta frase es larga." if n < count - 1 else "`EN` Newest."
        line.shown[n] = Shown(n, f"Person {n % 3}", True, content, {}, n, n)  # noqa: FBT003
    return line


def drawn(line: Timeline, width: int, height: int) -> list[str]:
    console = Console(width=width, height=height, file=io.StringIO(), color_system=None)
    console.print(screen(line, "into English", "figures", height), end="")
    shown = console.file.getvalue() if isinstance(console.file, io.StringIO) else ""
    return shown.splitlines()


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_the_newest_caption_is_seen_in_a_terminal_of_any_size(
    width: int, height: int, count: int
) -> None:
    rows = drawn(timeline(count), width, height)
    assert len(rows) == height
    assert all(len(row) <= width for row in rows)
    assert any("Newest." in row for row in rows)
    assert rows[-1].startswith("figures")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_as_many_captions_are_seen_as_have_room(width: int, height: int) -> None:
    text = "".join(drawn(timeline(40), width, height))
    assert "larga." in text
    if height >= 20:
        assert text.count("larga.") >= 3


def test_who_speaks_is_left_out_where_there_is_no_room() -> None:
    assert any("Person 2" in row for row in drawn(timeline(0), 80, 24))
    assert not any("Person 2" in row for row in drawn(timeline(0), 50, 24))


def test_what_needed_no_translation_is_shown_as_it_was_said() -> None:
    line = timeline(0)
    line.shown[1] = Shown(1, "Bob", True, "-# Hello there\\.", {}, 1, 1)  # noqa: FBT003
    line.shown[2] = Shown(2, "Ana", True, "-# en \u00b7 Good day\\.", {}, 2, 2)  # noqa: FBT003
    text = "\n".join(drawn(line, 80, 24))
    assert " Hello there." in text
    assert "?" not in text
    assert "en \u00b7 Good day." in text


def test_the_saved_picture_holds_the_newest_caption(tmp_path: Path) -> None:
    save_picture(timeline(40), "into English", "figures", tmp_path / "screen.svg")
    assert "Newest." in (tmp_path / "screen.svg").read_text(encoding="utf-8").replace("&#160;", " ")


def test_a_narrow_saved_picture_holds_whole_captions_and_no_empty_rows(tmp_path: Path) -> None:
    save_picture(timeline(2), "into English", "figures", tmp_path / "screen.svg", columns=40)
    svg = (tmp_path / "screen.svg").read_text(encoding="utf-8").replace("&#160;", " ")
    text = re.findall(r">([^<>]+)</text>", svg)
    pieces = [piece for piece in text if piece != "\n"]
    assert "es \u00b7 Esta frase es larga." in pieces
    newest = pieces.index("Newest.")
    assert pieces[newest + 2].startswith("\u2570")  # the frame's last row
    assert pieces[newest + 3 :] == ["figures"]
