"""The call in the terminal, live: who is in the channel, the captions, a line of figures."""

import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.layout import Layout
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from bot.demo.timeline import Shown, Timeline

_REFRESH_HZ = 8
COLUMNS = 112  # of the saved picture
_HEIGHT = 30  # of the same, at most
_VOICE_WIDTH = 26
_BOTH_WIDTH = 60  # of a terminal, from which people and text have room side by side
_FRAME_WIDTH, _FRAME_HEIGHT = 4, 3  # around the text: borders and margins, borders and figures
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
    """Return one picture of the call, at most `height` rows high, as wide as where it is drawn."""
    layout = Layout()
    layout.split_column(Layout(name="call"), Layout(name="figures", size=1))
    layout["call"].split_row(Layout(name="voice", size=_VOICE_WIDTH), Layout(name="text"))
    layout["voice"].update(Panel(_people(timeline), title="Lounge (voice)", border_style="dim"))
    layout["text"].update(
        Panel(
            _Chat(messages(timeline)),
            title=f"# captions · {escape(title)}",
            border_style="dim",
        )
    )
    layout["figures"].update(Text(figures, style="dim", no_wrap=True, overflow="ellipsis"))
    return _Fixed(layout, height)


class _Fixed:
    """Draws a layout with a fixed height, so that the terminal is not filled.

    Where there is no room for both, the text stands alone.
    """

    def __init__(self, layout: Layout, height: int) -> None:
        self._layout = layout
        self._height = height

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self._layout["call"]["voice"].visible = options.max_width >= _BOTH_WIDTH
        yield from console.render(self._layout, options.update_height(self._height))


class _Chat:
    """Messages as a chat shows them: the newest at the bottom, what has no room above is gone."""

    def __init__(self, blocks: Sequence[Text]) -> None:
        self._blocks = blocks

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.height or _HEIGHT
        rows: list[list[Segment]] = []
        for block in reversed(self._blocks):
            if len(rows) >= room:
                break
            rows[:0] = console.render_lines(block, options.update(height=None), pad=False)
        for row in rows[-room:]:
            yield from row
            yield Segment.line()


def save_picture(
    timeline: Timeline, title: str, figures: str, path: Path, *, columns: int = COLUMNS
) -> None:
    """Save the call as it is now as an SVG file, as high as it needs to be."""
    beside = _VOICE_WIDTH if columns >= _BOTH_WIDTH else 0
    ruler = Console(width=columns - beside - _FRAME_WIDTH)
    needed = sum(len(ruler.render_lines(block)) for block in messages(timeline))
    rows = min(_HEIGHT, needed + _FRAME_HEIGHT)
    console = Console(record=True, width=columns, height=rows, file=io.StringIO())
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


def messages(timeline: Timeline) -> list[Text]:
    """Return what stands in the text channel, each speaker in a colour of their own."""
    colours: dict[str, str] = {}
    blocks: list[Text] = []
    for shown in timeline.shown.values():
        colour = colours.setdefault(shown.speaker, _COLOURS[len(colours) % len(_COLOURS)])
        blocks.append(_message(shown, colour))
    return blocks


def _message(shown: Shown, colour: str) -> Text:
    if not shown.caption:
        return Text(shown.headline(), style="dim italic")
    text = Text(shown.speaker, style=f"bold {colour}")
    text.append(f"  {shown.first_s:.1f} s", style="not bold dim default")
    languages = shown.read()
    source = languages[0].source
    code = f"{languages[0].source_language} · " if languages[0].source_language else ""
    if not any(words.text for words in languages):  # it needed no translation, or has none
        text.append(f"\n{code}", style="not bold dim default")
        text.append(source, style="not bold default")
        return text
    for words in languages:
        label = f"{words.language} · " if len(languages) > 1 else ""
        text.append(f"\n{label}", style="not bold dim default")
        text.append(words.text, style="not bold default")
        if not words.final:
            text.append(" …", style="dim default")
    if source:
        text.append(f"\n{code}{source}", style="not bold dim default")
    return text
