"""The page on which a call is read and heard, as a reader sees it in the middle of one."""

import asyncio
import hashlib
import json
from typing import Final

from bot.domain.events import Caption, Member
from bot.page import assets
from tests.picture.browser import Page, PictureError
from tests.picture.webp import still
from tests.support.page import Stage, caption, stage

SOURCES: Final = "page.json"  # what the page was drawn from
_WINDOWS: Final = {"wide": (900, 600, 1.5), "phone": (360, 640, 2.0)}
_READY_WITHIN_S: Final = 20.0
_LUCIA, _CAMILLE, _MARCO = Member(1, "Lucía"), Member(2, "Camille"), Member(3, "Marco")
_SAID: Final = (
    (_LUCIA, "Good morning, everyone."),
    (_CAMILLE, "Good morning. I have put the new draft into the folder."),
    (_MARCO, "I read it on the train. The second part is much clearer than before."),
    (_MARCO, "Only the dates for September are still missing."),
    (_LUCIA, "I'll add them today, so that we can send it tomorrow."),
    (_CAMILLE, "Then let us talk about the summer"),
)


def sources() -> bytes:
    """What the page looks by, so that a picture of an older one is noticed."""
    parts = [assets.page("en-US").body, assets.files()["style.css"].body]
    return (json.dumps([hashlib.sha256(part).hexdigest() for part in parts]) + "\n").encode()


async def drawn(window: Page) -> dict[str, bytes]:
    """The pictures, by file name.

    Raises:
        PictureError: The page does not come, or other fonts than Noto's would be used.
    """
    made = {SOURCES: sources()}
    for size, (width, height, scale) in _WINDOWS.items():
        for theme in ("light", "dark"):
            await window.look(width, height, scale=scale, dark=theme == "dark")
            async with stage() as on:
                await _read(window, on)
                made[f"page-{size}-{theme}.webp"] = still(await window.png())
    return made


async def _read(window: Page, on: Stage) -> None:
    await window.open(on.link(language="en"))
    await _until(window, "document.querySelector('#controls:not([hidden])') !== null")
    # Laid out anew, as controls that were seen in another font before keep its baseline.
    await window.run(
        "document.body.style.display = 'none', document.body.offsetHeight, "
        "document.body.style.display = '', document.body.style.fontFamily = 'Noto Sans'"
    )
    await window.run("document.getElementById('play').click()")
    await _until(window, "navigator.mediaSession.playbackState === 'playing'")
    await _until(window, "document.getElementById('voice-status').textContent === ''")
    for caption_ in _call():
        on.feed.show(caption_)
    on.feed.speaking([_CAMILLE])
    await _until(window, f"document.querySelectorAll('#lines li').length === {len(_SAID)}")
    await window.run("document.activeElement.blur()")
    await window.run(
        "window.drawn = 0, requestAnimationFrame(() => requestAnimationFrame("
        "() => { window.drawn = 1; }))"
    )
    await _until(window, "window.drawn === 1")
    others = {font for font in await window.fonts() if not font.startswith("Noto ")}
    if others:
        raise PictureError(f"The page was drawn with {', '.join(sorted(others))}")


def _call() -> list[Caption]:
    last = len(_SAID)
    return [
        caption(number, text, language="en", speaker=who, final=number < last)
        for number, (who, text) in enumerate(_SAID, 1)
    ]


async def _until(window: Page, condition: str) -> None:
    try:
        async with asyncio.timeout(_READY_WITHIN_S):
            while not await window.run(condition):  # noqa: ASYNC110 - only the browser knows
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise PictureError(f"The page did not come so far: {condition}") from None
