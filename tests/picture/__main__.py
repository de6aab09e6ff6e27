"""Makes the pictures of the README: a call's text channel, the demo, and the page.

`python -m tests.picture page` makes those of the page alone, in seconds.
"""

import asyncio
import hashlib
import json
import re
import sys
from pathlib import Path

from tests.picture import call, demo, reading
from tests.picture.browser import NEEDED, Page, PictureError, browser
from tests.picture.page import body, page
from tests.picture.style import STYLE
from tests.picture.webp import moving, still

FOLDER = Path("docs/pictures")
PAGE = "channel.html"  # what the pictures of the channel were made from
DRAWN = "drawn.json"  # by file name, the hash of what was made together
_SIZES = {"wide": 1200, "phone": 360}
_THEMES = ("light", "dark")
_WINDOWS = {"wide": (900, 600, 1.5), "phone": (360, 600, 2.0)}  # of the moving picture
_HOLD_MS = (800, 1500)  # at its end, at least and at most
_LONGEST_MS = 14_900  # in all
_SPECIMEN = "A é 皆 <b>A</b> <code>A</code>"
_TERMINAL = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


async def _make() -> dict[str, bytes]:
    made: dict[str, bytes] = {}
    async with browser() as window:
        await window.show(f"<style>{STYLE}</style><p>{_SPECIMEN}</p>")
        await _fonts(window)  # before the calls, which take a minute
        drawn = page(await call.played())
        made[PAGE] = drawn.encode()
        await window.show(drawn)
        await _fonts(window)
        for size, width in _SIZES.items():
            for theme in _THEMES:
                await window.look(width, 100, scale=2, dark=theme == "dark")
                height = await window.run("document.documentElement.scrollHeight")
                await window.look(width, height, scale=2, dark=theme == "dark")
                made[f"channel-{size}-{theme}.webp"] = still(await window.png())
        seen = await demo.played()
        for size, (width, height, scale) in _WINDOWS.items():
            for theme in _THEMES:
                await window.look(width, height, scale=scale, dark=theme == "dark")
                made[f"demo-{size}-{theme}.webp"] = await _moving(window, seen)
        for size, svg in seen.terminals.items():
            made[f"terminal-{size}.webp"] = await _terminal(window, svg)
        return made | await reading.drawn(window)


async def _page_alone() -> dict[str, bytes]:
    async with browser() as window:
        return await reading.drawn(window)


async def _fonts(window: Page) -> None:
    """Refuse fonts that have other measures, or that may not be there the next time."""
    others = {font for font in await window.fonts() if not font.startswith("Noto ")}
    if others:
        raise PictureError(f"{NEEDED}; without, {', '.join(sorted(others))} would be used")


async def _moving(window: Page, seen: demo.Seen) -> bytes:
    await window.show(page(seen.moments[0].scene).replace("<body>", '<body class="window">'))
    frames: list[tuple[int, bytes]] = []
    for moment in seen.moments:
        await window.run(f"document.body.innerHTML = {json.dumps(body(moment.scene))}")
        png = await window.png()
        if not frames or frames[-1][1] != png:
            frames.append((round(1000 * moment.at_s), png))
    last_ms = frames[-1][0]
    least_ms, most_ms = _HOLD_MS
    if last_ms + least_ms > _LONGEST_MS:
        raise PictureError("The demo's captions came late: this machine does too much else.")
    return moving(frames, min(last_ms + most_ms, _LONGEST_MS))


async def _terminal(window: Page, svg: str) -> bytes:
    found = _TERMINAL.search(svg)
    if found is None:
        raise PictureError("The demo's picture has no size.")
    style = 'body { margin: 0 } svg text { font-family: "Noto Sans Mono" !important }'
    await window.show(f"<!DOCTYPE html><style>{style}</style>{svg}")
    width, height = (int(float(size)) for size in found.groups())
    await window.look(width, height, scale=1.5, dark=True)
    return still(await window.png())


def main(*only: str) -> int:
    """Make all of them, or those of the page, and then write them; the exit status."""
    try:
        made = asyncio.run(_page_alone() if only == ("page",) else _make())
    except PictureError as error:
        print(f"parley: {error}", file=sys.stderr)  # noqa: T201 - a command for developers
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        (FOLDER / name).write_bytes(content)
        print(f"{len(content) / 1024:7.0f} KiB  {FOLDER / name}")  # noqa: T201
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in made.items()}
    if only:
        hashes = json.loads((FOLDER / DRAWN).read_text(encoding="utf-8")) | hashes
    (FOLDER / DRAWN).write_text(json.dumps(hashes, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
