"""The call in the terminal, live: who is in the channel, the captions, a line of figures."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Self

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.layout import Layout
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.demo.timeline import Shown, Timeline

_REFRESH_HZ = 8
_WIDTH, _HEIGHT = 112, 30
_FONT_FACES = re.compile(r"@font-face \{[^}]*\}\s*")
_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")


class LiveView:
    """Draws the timeline again and again until it is left.

    Args:
        timeline: What to draw.
        title: Stands at the top.
        figures: The line at the bottom.
    """

    def __init__(self, timeline: Timeline, title: str, figures: Callable[[], str]) -> None:
        self._timeline = timeline
        self._title = title
        self._figures = figures
        self._console = Console()
        self._live = Live(
            console=self._console,
            get_renderable=self._screen,
            refresh_per_second=_REFRESH_HZ,
            screen=False,
            vertical_overflow="crop",
        )

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def _screen(self) -> RenderableType:
        return screen(self._timeline, self._title, self._figures(), self._console.height)


def screen(timeline: Timeline, title: str, figures: str, height: int) -> RenderableType:
    """One picture of the call, at most `height` rows high."""
    layout = Layout()
    layout.split_column(Layout(name="call"), Layout(name="figures", size=1))
    layout["call"].split_row(Layout(name="voice", size=26), Layout(name="text"))
    layout["voice"].update(Panel(_people(timeline), title="Lounge (voice)", border_style="dim"))
    rows = min(height, _HEIGHT) - 1
    layout["text"].update(
        Panel(
            _messages(timeline, rows - 2),
            title=f"# captions · {escape(title)}",
            border_style="dim",
        )
    )
    layout["figures"].update(Text(figures, style="dim", no_wrap=True, overflow="ellipsis"))
    return Group(_Fixed(layout, rows + 1))


class _Fixed:
    """Draws a layout with a fixed height, so that the terminal is not filled."""

    def __init__(self, layout: Layout, height: int) -> None:
        self._layout = layout
        self._height = height

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(self._layout, options.update_height(self._height))


def save_picture(timeline: Timeline, title: str, figures: str, path: Path) -> None:
    """The call as it is now as an SVG file, as high as it needs to be."""
    rows = min(_HEIGHT, sum(_rows(_message(shown, "")) for shown in timeline.shown.values()) + 3)
    console = Console(record=True, width=_WIDTH, height=rows, file=io.StringIO())
    console.print(screen(timeline, title, figures, rows), end="")
    picture = console.export_svg(title="make demo")
    # The fonts that it would load from the network; any monospaced one will do.
    path.write_text(_FONT_FACES.sub("", picture), encoding="utf-8")


def _people(timeline: Timeline) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    for person in timeline.people.values():
        if not person.present:
            continue
        mark = Text("●", style="bold green" if person.speaking else "dim")
        name = Text(person.name, style="bold" if person.speaking else "")
        if person.bot:
            name.append(" BOT", style="blue")
        elif not person.heard:
            name.append(" not heard", style="dim")
        table.add_row(mark, name)
    return table


def _messages(timeline: Timeline, rows: int) -> RenderableType:
    colours: dict[str, str] = {}
    blocks: list[Text] = []
    for shown in timeline.shown.values():
        colour = colours.setdefault(shown.speaker, _COLOURS[len(colours) % len(_COLOURS)])
        blocks.append(_message(shown, colour))
    # What no longer fits scrolls off at the top, as it does in a chat.
    kept: list[Text] = []
    used = 0
    for block in reversed(blocks):
        used += _rows(block)
        if used > rows and kept:
            break
        kept.insert(0, block)
    return Group(*kept)


def _rows(block: Text) -> int:
    return sum(1 + len(line) // (_WIDTH - 32) for line in block.plain.split("\n"))


def _message(shown: Shown, colour: str) -> Text:
    if not shown.caption:
        return Text(shown.headline(), style="dim italic")
    text = Text(shown.speaker, style=f"bold {colour}")
    text.append(f"  {shown.first_s:.1f} s", style="not bold dim default")
    languages = shown.read()
    for words in languages:
        code = f"{words.language} · " if len(languages) > 1 else ""
        text.append(f"\n{code}", style="not bold dim default")
        text.append(words.text, style="not bold default")
        if not words.final:
            text.append(" …", style="dim default")
    if source := languages[0].source:
        text.append(f"\n{languages[0].source_language} · {source}", style="not bold dim default")
    return text
