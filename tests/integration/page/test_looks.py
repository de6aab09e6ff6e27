"""How the page looks: on a phone and a desk, dark and light, large letters, in a stream."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from bot.domain.audience import RoomState
from tests.support.page import ANA, BEN, LANGUAGES, Stage, caption, stage
from tests.support.page_in_browser import CUT, Window, window

PICTURES = os.environ.get("PAGE_PICTURES")  # noqa: TID251 - a folder, to look at them
SIZES = {"phone": (360, 640), "desk": (1200, 800)}
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung" * 2


def scene(on: Stage) -> None:
    """A call that has everything."""
    on.feed.speaking([ANA, BEN])
    on.feed.show(caption(1, "Hola a todos, empezamos.", final=True))
    on.feed.show(caption(2, "Hoy hablamos del presupuesto del próximo año.", final=True))
    on.feed.show(caption(3, "مرحبا بكم جميعا في هذا الاجتماع", speaker=BEN, final=True))
    on.feed.show(caption(4, LONG, speaker=BEN, final=True))
    on.feed.show(caption(5, "", source="Das wird nicht übersetzt", source_language="de"))
    on.feed.show(caption(6, "De acuerdo, y tengo", speaker=BEN))


async def picture(seen: Window, name: str, **options: Any) -> None:
    assert await seen.page.evaluate(CUT) == []
    if PICTURES:
        path = Path(PICTURES) / f"{name}.png"
        await seen.page.screenshot(path=path, **options)


async def audit(seen: Window) -> None:
    found = await Axe().run(seen.page)
    findings = [
        {"id": it["id"], "nodes": [node["html"] for node in it["nodes"]]}
        for it in found.response["violations"]
    ]
    assert findings == [], json.dumps(findings, indent=1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_nothing_is_cut_off_and_the_audit_finds_nothing(
    chromium: Browser, size: str, theme: Any
) -> None:
    width, height = SIZES[size]
    async with stage() as on:
        seen = await window(
            chromium,
            on.link(),
            viewport={"width": width, "height": height},
            color_scheme=theme,
            locale="de-DE" if theme == "dark" else "en-US",
        )
        await seen.ready()
        await audit(seen)
        scene(on)
        await seen.until(lambda texts: len(texts) == 6)
        await picture(seen, f"{size}-{theme}")
        await audit(seen)
        await seen.page.click("#play")
        await seen.page.wait_for_selector("#play[aria-pressed=true]")
        on.feed.state(RoomState.DEAF)
        await seen.page.wait_for_selector("#status:not(:empty)")
        await picture(seen, f"{size}-{theme}-deaf")
        await audit(seen)
        on.feed.end()
        await seen.page.wait_for_selector("#controls", state="hidden")
        await picture(seen, f"{size}-{theme}-ended")
        await audit(seen)


async def test_a_link_that_does_not_work_looks_right(chromium: Browser) -> None:
    async with stage() as on:
        seen = await window(
            chromium, f"{on.url}/#{'A' * 22}", viewport={"width": 360, "height": 640}
        )
        await seen.says("This link doesn't work")
        await picture(seen, "invalid")
        await audit(seen)


async def test_the_page_is_whole_from_right_to_left(chromium: Browser) -> None:
    async with stage() as on:
        mirror = "addEventListener('DOMContentLoaded', () => document.documentElement.dir = 'rtl')"
        seen = await window(
            chromium,
            on.link(language="ar"),
            scripts=[mirror],
            viewport={"width": 360, "height": 640},
        )
        await seen.ready()
        for n in range(1, 4):
            on.feed.show(caption(n, f"مرحبا بكم جميعا {n} OK", language="ar", final=True))
        await seen.until(lambda texts: len(texts) == 3)
        await picture(seen, "rtl")
        await audit(seen)


async def test_the_readers_own_font_size_counts(chromium_with_large_letters: Browser) -> None:
    async with stage() as on:
        seen = await window(
            chromium_with_large_letters, on.link(), viewport={"width": 360, "height": 640}
        )
        await seen.ready()
        scene(on)
        await seen.until(lambda texts: len(texts) == 6)
        size = "getComputedStyle(document.querySelector('#lines .text')).fontSize"
        assert float((await seen.page.evaluate(size)).removesuffix("px")) > 32
        await picture(seen, "large-letters")


async def test_a_stream_sees_large_captions_and_nothing_behind_them(chromium: Browser) -> None:
    async with stage() as on:
        seen = await window(
            chromium, on.link(overlay=True), viewport={"width": 1280, "height": 360}
        )
        await seen.page.wait_for_selector("#lines", state="attached")
        for n in range(1, 8):
            on.feed.show(caption(n, f"Una línea bastante larga, número {n}", final=n < 7))
        await seen.until(lambda texts: any("7" in text for text in texts))
        assert len(await seen.texts()) == 3
        for hidden in ("header h1", "#controls", "footer"):
            assert not await seen.page.is_visible(hidden)
        style = "getComputedStyle(document.{}).{}"
        for element in ("documentElement", "body"):
            back = await seen.page.evaluate(style.format(element, "backgroundColor"))
            assert back == "rgba(0, 0, 0, 0)"
        letters = await seen.page.evaluate(
            style.format("querySelector('#lines .text')", "fontSize")
        )
        assert float(letters.removesuffix("px")) >= 28
        await picture(seen, "overlay", omit_background=True)


async def test_the_page_can_be_installed(chromium: Browser) -> None:
    async with stage() as on:
        seen = await window(chromium, on.link(), locale="fr-FR")
        await seen.ready()
        client = await seen.context.new_cdp_session(seen.page)
        shown = await client.send("Page.getAppManifest")
        assert shown["errors"] == []
        manifest = json.loads(shown["data"])
        assert manifest["lang"] == "fr"
        assert manifest["display"] == "standalone"
        errors = await client.send("Page.getInstallabilityErrors")
        # A window of tests is like a private one, in which nothing can be installed.
        assert {one["errorId"] for one in errors["installabilityErrors"]} <= {"in-incognito"}


async def test_without_a_language_of_the_browser_all_is_said_in_english(
    chromium: Browser,
) -> None:
    async with stage() as on:
        seen = await window(chromium, on.link(), locale="sw-KE")
        await seen.ready()
        assert await seen.page.title() == "Live captions · Parley"
        options = await seen.page.locator("#language option").all_text_contents()
        assert len(options) == len(LANGUAGES) + 1
