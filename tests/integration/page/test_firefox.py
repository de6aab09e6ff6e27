"""The page in a real Firefox."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from bot.page import assets
from bot.page.assets import Asset
from tests.integration.page.test_hearing_in_browser import sounding, speak
from tests.support import firefox as support
from tests.support.firefox import FirefoxPage
from tests.support.page import BEN, READER, caption, stage
from tests.support.page_in_browser import EAR, HEARD, LINES, LISTEN

TEXTS = f"({LINES})().map(it => it.text)"
STATUS = "document.getElementById('voice-status').textContent"
UNABLE = "Dieser Browser kann die Stimme nicht abspielen."


@pytest.fixture
async def firefox() -> AsyncIterator[FirefoxPage]:
    """A Firefox; without one the test is skipped."""
    if support.path() is None:
        pytest.skip(support.NEEDED)
    async with support.firefox() as page:
        yield page


async def test_a_call_is_read_in_firefox(firefox: FirefoxPage) -> None:
    async with stage() as on:
        await firefox.open(on.link())
        await firefox.until("!document.getElementById('controls').hidden")

        # Captions appear and change.
        on.feed.show(caption(1, "Hola"))
        await firefox.until(TEXTS, lambda texts: texts == ["Hola"])
        on.feed.show(caption(1, "Hola a todos", final=True))
        on.feed.show(caption(2, "Gracias", speaker=BEN, source="Danke", source_language="de"))
        await firefox.until(TEXTS, lambda texts: texts == ["Hola a todos", "Gracias"])
        assert [line["final"] for line in await firefox.run(f"({LINES})()")] == [True, False]
        assert await firefox.run("document.documentElement.lang") == "de"

        # Another language, then no more.
        await firefox.run(
            "(select => { select.value = 'original'; select.dispatchEvent(new Event('change')); })"
            "(document.getElementById('language'))"
        )
        await firefox.until(TEXTS, lambda texts: texts == ["Danke"])
        await firefox.click("#leave")
        await firefox.until(TEXTS, lambda texts: texts == [])
        assert READER not in on.feed.reading()


async def test_a_call_is_heard_in_firefox_where_there_is_a_loudspeaker(
    firefox: FirefoxPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {**assets.files(), "ear.js": Asset.of(EAR.encode(), "text/javascript")}
    monkeypatch.setattr(assets, "files", lambda: files)
    async with stage() as on:
        await firefox.open(on.link())
        await firefox.until("!document.getElementById('controls').hidden")
        await firefox.click("#play")
        said = await firefox.until(STATUS, lambda said: said == UNABLE or any(on.audience.listened))
        if said == UNABLE:  # Firefox's Web Audio waits for one, where Chromium does without
            assert await firefox.run("document.getElementById('play').ariaPressed") == "false"
            assert not any(on.audience.listened)
            pytest.skip("Firefox has no loudspeaker here: tested that the page says so")
        await firefox.run(f"({LISTEN})()")
        await speak(on, 2.0)
        length = "window.heard.flatMap(it => it.block).filter(it => it).length / window.rate"
        async with asyncio.timeout(20):  # a busy machine plays it late
            while await firefox.run(length) < 1.9:  # noqa: ASYNC110 - only the page knows
                await asyncio.sleep(0.2)
        await asyncio.sleep(0.3)
        stats = await firefox.run(f"({HEARD})()")
        # Firefox decodes it by itself, where it has WebCodecs.
        kind = await firefox.run("import('./static/app.js').then(it => it.voice.kind)")
        assert kind == ("opus" if await firefox.run("'AudioDecoder' in window") else "pcm")
        rate = int(await firefox.run("window.rate"))
        samples = np.array(await firefox.run("window.heard.flatMap(it => it.block)"))
        seconds, silent, hertz = sounding(samples, rate)
        assert 1.9 < seconds < 2.6
        assert silent < 0.5
        assert 435 < hertz < 445
        assert stats["lost"] == stats["dropped"] == 0
