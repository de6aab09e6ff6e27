"""Draws a text channel in Discord's dark colours, as one SVG that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Any

from bot.loopback import Message
from tests.picture.call import Scene
from tests.picture.markdown import Look, Piece, Row, rows
from tests.picture.measure import PADS, lines, width

WIDTH = 760
_LEFT, _RIGHT = 72.0, 24.0
_AVATARS = ("#e67e22", "#1abc9c", "#e91e63", "#3498db", "#9b59b6")
_BUTTONS = {2: "#4e5058", 3: "#248046", 4: "#da373c"}
_ROWS = {"heading": (16.0, 28.0), "small": (13.0, 19.0)}  # size, height; others as text
_TEXT = (15.0, 22.0)
_STYLE = """
text { font: 15px "gg sans", "Noto Sans", "Helvetica Neue", Helvetica, Arial, sans-serif;
 fill: #dbdee1 }
.bold, .name, .heading { font-weight: 600; fill: #f2f3f5 }
.small, .time { fill: #a5abb3 }
.code { font-family: "Source Code Pro", Consolas, "Liberation Mono", monospace }
.mention { fill: #c9cdfb; font-weight: 500 }
.white { fill: #fff; font-weight: 500 }
"""


@dataclass(slots=True)
class _Canvas:
    y: float = 0.0
    drawn: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, w: float, h: float, *, fill: str, radius: float = 4) -> None:
        self.drawn.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{radius:g}" '
            f'fill="{fill}"/>'
        )

    def text(self, x: float, y: float, piece: Piece, size: float, kind: str) -> float:
        """Write; the x where the next piece goes. Its width is fixed, whatever font there is."""
        wide = width(piece, size)
        pad = PADS.get(piece.look, 0.0)
        if piece.look is Look.CODE:
            self.box(x, y - size + 1, wide, size + 4, fill="#1e1f22")
        if piece.look is Look.MENTION:
            self.box(x, y - size + 1, wide, size + 4, fill="#434770", radius=3)
        words = piece.text.rstrip()
        # Spaces at the ends would not be drawn, but for the place that they take.
        x_words = x + wide - width(Piece(piece.text.lstrip(), piece.look), size) + pad
        inner = width(Piece(words.lstrip(), piece.look), size) - 2 * pad
        font = size * 0.85 if piece.look is Look.CODE else size
        look = kind if piece.look is Look.PLAIN else piece.look.value
        self.drawn.append(
            f'<text x="{x_words:.1f}" y="{y:.1f}" class="{look}" style="font-size:{font:g}px" '
            f'textLength="{inner:.1f}" lengthAdjust="spacingAndGlyphs">'
            f"{escape(words.lstrip(), quote=False)}</text>"
        )
        return x + wide


def picture(scene: Scene) -> str:
    """The channel of a scene."""
    canvas = _Canvas()
    head = next(name for name in scene.names.values() if name == "#captions")
    canvas.text(20, 31, Piece(head[0], Look.BOLD), 20, "time")
    canvas.text(42, 31, Piece(head[1:], Look.BOLD), 16, "name")
    canvas.box(0, 48, WIDTH, 1, fill="#26272b", radius=0)
    canvas.y = 60
    authors = list(dict.fromkeys(message.author_name for message in scene.messages))
    before: str | None = None
    for message in scene.messages:
        name = message.author_name
        if name != before:
            canvas.y += 8
            _head(canvas, message, authors.index(name), scene)
        before = name
        _message(canvas, message, scene)
    height = canvas.y + 16
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH} {height:.0f}">\n<title>The text channel of a call</title>\n'
        f"<style>{_STYLE}</style>\n"
        f'<rect x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1:.0f}" rx="10" '
        'fill="#313338" stroke="#5c5e66"/>\n' + "\n".join(canvas.drawn) + "\n</svg>\n"
    )


def _rows(message: Message, scene: Scene) -> list[Row]:
    def moment(seconds: int, style: str) -> str:
        return _clock(scene, seconds) if style == "t" else "a few seconds ago"

    return list(rows(message.content, scene.names, moment))


def _clock(scene: Scene, seconds: float) -> str:
    """The time of day, in a call that began at a quarter past eight."""
    since = max(0, int(seconds - scene.messages[0].timestamp.timestamp()))
    return f"{datetime(2000, 1, 1, 20, 15 + since // 60, tzinfo=UTC):%H:%M}"


def _head(canvas: _Canvas, message: Message, index: int, scene: Scene) -> None:
    name, y = message.author_name, canvas.y
    is_bot = message.webhook_id is None
    colour = "#5865f2" if is_bot else _AVATARS[index % len(_AVATARS)]
    canvas.box(16, y + 2, 40, 40, fill=colour, radius=20)
    initial = Piece(name[0], Look.BOLD)
    canvas.text(36 - width(initial, 18) / 2, y + 28.5, initial, 18, "white")
    x = canvas.text(_LEFT, y + 15, Piece(name, Look.BOLD), 15.5, "name") + 6
    canvas.box(x, y + 2.5, 32, 15.5, fill="#5865f2", radius=3)
    canvas.text(x + 4.5, y + 14, Piece("APP", Look.BOLD), 10.5, "white")
    time = f"Today at {_clock(scene, message.timestamp.timestamp())}"
    canvas.text(x + 40, y + 14.5, Piece(time), 12, "time")
    canvas.y += 20


def _message(canvas: _Canvas, message: Message, scene: Scene) -> None:
    shown = _rows(message, scene)
    for row in shown:
        size, height = _ROWS.get(row.kind, _TEXT)
        x = _LEFT
        pieces: Sequence[Piece] = row.pieces
        if row.kind == "bullet":
            canvas.drawn.append(
                f'<circle cx="{x + 8}" cy="{canvas.y + 11}" r="2.5" fill="#dbdee1"/>'
            )
            x += 20
        if row.kind == "heading":
            pieces = [Piece(p.text, Look.BOLD if p.look is Look.PLAIN else p.look) for p in pieces]
        if row is shown[-1] and message.edited is not None:
            pieces = [*pieces, Piece("  (edited)")]
        for line in lines(pieces, size, WIDTH - x - _RIGHT):
            canvas.y += height
            at = x
            for piece in line:
                kind = "small" if row.kind == "small" else "plain"
                at = canvas.text(at, canvas.y - 6, piece, size, kind)
    for row_of in message.components:
        _components(canvas, row_of["components"])
    if message.components:
        canvas.y += 12


def _components(canvas: _Canvas, components: Sequence[dict[str, Any]]) -> None:
    x, y = _LEFT, canvas.y + 8
    for component in components:
        if component["type"] == 2:
            label = Piece(component["label"])
            wide = width(label, 14) + 32
            canvas.box(x, y, wide, 32, fill=_BUTTONS[component["style"]], radius=6)
            canvas.text(x + 16, y + 21, label, 14, "white")
            x += wide + 8
        else:
            canvas.box(x, y, 400, 40, fill="#1e1f22", radius=6)
            at = x + 10
            for option in component["options"]:
                if option.get("default"):
                    label = Piece(option["label"])
                    canvas.box(at, y + 8, width(label, 14) + 16, 24, fill="#404249")
                    at = canvas.text(at + 8, y + 25, label, 14, "plain") + 16
            canvas.drawn.append(
                f'<path d="M{x + 374} {y + 17} l6 6 l6 -6" stroke="#dbdee1" fill="none" '
                'stroke-width="2"/>'
            )
            y += 8
    canvas.y = y + 32
