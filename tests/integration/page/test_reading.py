"""Reading in a real browser."""

import asyncio
import time

from playwright.async_api import Browser

from bot.domain.audience import RoomState
from tests.support.page import (
    ANA,
    BEN,
    LANGUAGES,
    READER,
    StageAudience,
    caption,
    server_at,
    stage,
)
from tests.support.page_in_browser import window


async def test_captions_appear_and_change(chromium: Browser) -> None:
    async with stage() as on:
        seen = await window(chromium, on.link())
        await seen.ready()
        assert await seen.page.is_visible("#empty")
        on.feed.speaking([ANA])
        on.feed.show(caption(1, "Hola"))
        await seen.until(lambda texts: texts == ["Hola"])
        assert (await seen.lines())[0] == {"name": "Ana", "text": "Hola", "final": False}
        on.feed.show(caption(1, "Hola a todos", final=True))
        on.feed.show(caption(2, "Gracias <b>Ana</b>", speaker=BEN))
        await seen.until(lambda texts: texts == ["Hola a todos", "Gracias <b>Ana</b>"])
        assert [line["final"] for line in await seen.lines()] == [True, False]
        await seen.says("Ana", "#speaking")
        on.feed.show(caption(2, "", final=True))
        await seen.until(lambda texts: texts == ["Hola a todos"])
        assert seen.complaints == []
        assert {"/".join(url.split("/")[:3]) for url in seen.asked} == {on.url}


async def test_the_link_leaves_the_address_and_its_cookie_is_hidden(chromium: Browser) -> None:
    async with stage() as on:
        link = on.link()
        token = link.partition("#")[2]
        seen = await window(chromium, link)
        await seen.ready()
        assert token not in await seen.page.evaluate("location.href")
        assert not any(token in url for url in seen.asked)
        assert await seen.page.evaluate("document.cookie") == ""
        on.feed.show(caption(1, "Hola", final=True))
        await seen.until(bool)
        await seen.page.reload()
        await seen.until(lambda texts: texts == ["Hola"])  # the cookie is enough


async def test_a_language_is_switched_without_a_command(chromium: Browser) -> None:
    async with stage() as on:
        seen = await window(chromium, on.link(), locale="de-DE")
        await seen.ready()
        said = {"source": "Good morning", "source_language": "en", "utterance": 1}
        on.feed.show(caption(1, "Buenos días", final=True, heard_out=True, **said))  # type: ignore[arg-type]
        on.feed.show(caption(2, "صباح الخير", language="ar", final=True, utterance=1))
        await seen.until(lambda texts: texts == ["Buenos días"])
        names = await seen.page.locator("#language option").all_text_contents()
        assert names[0] == "English (Englisch)"
        assert len(names) == 4
        await seen.page.select_option("#language", "ar")
        await seen.until(lambda texts: texts == ["صباح الخير"])
        direction = "getComputedStyle(document.querySelector('#lines .text')).direction"
        assert await seen.page.evaluate(direction) == "rtl"
        await seen.page.select_option("#language", "original")
        await seen.until(lambda texts: texts == ["Good morning"])
        on.feed.show(caption(3, "Adiós", source="Goodbye", source_language="en"))
        await seen.until(lambda texts: texts == ["Good morning", "Goodbye"])
        assert seen.complaints == []


async def test_lines_of_the_language_before_do_not_come_after_a_switch(
    chromium: Browser,
) -> None:
    async with stage() as on:
        seen = await window(chromium, on.link())
        await seen.ready()
        # The page is busy while lines arrive: it meets them after the switch.
        busy = """() => { const end = performance.now() + 600; while (performance.now() < end);
          const select = document.getElementById('language'); select.value = 'en';
          select.dispatchEvent(new Event('change')); }"""
        switching = asyncio.ensure_future(seen.page.evaluate(busy))  # noqa: TID251
        await asyncio.sleep(0.2)
        on.feed.show(caption(1, "Hola", final=True))
        on.feed.show(caption(2, "Hello", language="en", final=True))
        await switching
        await seen.until(lambda texts: "Hello" in texts)
        assert await seen.texts() == ["Hello"]


async def test_a_link_opened_again_where_it_was_used_goes_on(chromium: Browser) -> None:
    async with stage() as on:
        link = on.link()
        seen = await window(chromium, link)
        await seen.ready()
        await seen.page.goto("about:blank")
        await seen.page.goto(link)
        await seen.ready()
        assert await seen.status() == ""


async def test_a_link_waits_for_a_bot_that_can_not_be_reached(chromium: Browser) -> None:
    async with stage() as on:
        seen = await window(chromium, None)
        await seen.page.route("**/session", lambda route: route.abort())
        await seen.page.goto(on.link())
        await seen.says("Reconnecting")
        await seen.page.unroute("**/session")
        await seen.ready()


async def test_a_wrong_old_or_foreign_link_shows_nothing(chromium: Browser) -> None:
    async with stage() as on:
        on.feed.show(caption(1, "Secreto"))
        used = on.link()
        mine = await window(chromium, used)
        await mine.until(bool)
        barred = on.link(member=5)
        on.audience.barred.add(5)
        for link in (used, barred, f"{on.url}/#{'A' * 22}", f"{on.url}/"):
            seen = await window(chromium, link)
            await seen.says("This link doesn't work")
            assert "Secreto" not in await seen.page.content()
            assert not await seen.page.is_visible("#controls")


async def test_reading_ends_in_the_page_when_it_is_no_longer_allowed(chromium: Browser) -> None:
    async with stage() as on:
        seen = await window(chromium, on.link())
        await seen.ready()
        on.feed.show(caption(1, "Hola", final=True))
        await seen.until(bool)
        on.audience.barred.add(READER)
        async with asyncio.timeout(5):
            await seen.says("You can no longer read this call")
        assert await seen.texts() == []
        on.feed.show(caption(2, "Secreto", final=True))
        await asyncio.sleep(0.3)
        assert "Secreto" not in await seen.page.content()


async def test_a_reader_stops_reading_on_the_page(chromium: Browser) -> None:
    async with stage() as on:
        seen = await window(chromium, on.link())
        other = await seen.context.new_page()
        await seen.ready()
        await other.goto(on.url)
        on.feed.show(caption(1, "Hola", final=True))
        await seen.until(bool)
        await other.wait_for_selector("#lines li")
        await seen.page.click("#leave")
        for page in (seen.page, other):
            await page.locator("#status", has_text="You stopped reading").wait_for()
            assert not await page.is_visible("#leave")
            assert await page.locator("#lines li").count() == 0
        await seen.page.reload()
        await seen.says("This link doesn't work")
        await seen.page.goto("about:blank")
        await seen.page.goto(on.link())
        await seen.ready()


async def test_the_page_says_how_the_call_is(chromium: Browser) -> None:
    async with stage() as on:
        seen = await window(chromium, on.link())
        await seen.ready()
        on.feed.state(RoomState.DEAF)
        await seen.says("can't hear")
        on.feed.state(RoomState.PAUSED)
        await seen.says("paused")
        on.feed.state(RoomState.LIVE)
        await seen.page.wait_for_selector("#status:empty", state="attached")
        on.feed.show(caption(1, "Adiós", final=True))
        on.feed.end()
        await seen.says("has ended")
        assert await seen.texts() == ["Adiós"]


async def test_a_restart_of_the_bot_is_waited_for_and_no_final_is_missed(
    chromium: Browser,
) -> None:
    async with stage() as on:
        port = on.server.port
        seen = await window(chromium, on.link())
        await seen.ready()
        on.feed.show(caption(1, "Uno", final=True))
        await seen.until(lambda texts: texts == ["Uno"])
        on.feed.show(caption(2, "Dos", final=True))
        on.feed.show(caption(3, "Tres y"))
    await seen.says("restarting")
    server = server_at(port)
    await server.start()
    try:
        await asyncio.sleep(1.0)  # rooms are not back yet
        feed = server.open(StageAudience(), LANGUAGES)
        server.restored()
        feed.show(caption(1, "Cuatro", final=True))  # before the page is back
        await seen.until(lambda texts: "Cuatro" in texts)
        feed.show(caption(2, "Cinco", final=True))
        texts = await seen.until(lambda texts: "Cinco" in texts)
        assert texts == ["Uno", "Dos", "Tres y […]", "Cuatro", "Cinco"]
        assert await seen.status() == ""
    finally:
        await server.close()


async def test_a_lost_network_is_noticed_and_made_up_for(chromium: Browser) -> None:
    async with stage() as on:
        seen = await window(chromium, on.link())
        await seen.ready()
        on.feed.show(caption(1, "Uno", final=True))
        await seen.until(lambda texts: texts == ["Uno"])
        for reader in on.feed.readers:
            on.feed.detach(reader)
            reader.drop()
        on.feed.show(caption(2, "Dos", final=True))
        await seen.until(lambda texts: texts == ["Uno", "Dos"])


async def test_a_screen_reader_gets_finals_once_and_politely(chromium: Browser) -> None:
    async with stage() as on:
        watch = """addEventListener('DOMContentLoaded', () => { window.said = [];
          new MutationObserver(changes => changes.forEach(it => it.addedNodes.forEach(
            node => window.said.push(node.textContent)))).observe(
            document.getElementById('spoken'), {childList: true}) })"""
        seen = await window(chromium, on.link(), scripts=[watch])
        await seen.ready()
        assert await seen.page.get_attribute("#spoken", "aria-live") == "polite"
        on.feed.show(caption(1, "Hola"))
        await seen.until(bool)
        on.feed.show(caption(1, "Hola a todos", final=True))
        await seen.until(lambda texts: texts == ["Hola a todos"])
        on.feed.show(caption(1, "Hola a todos, bien", final=True))
        await seen.until(lambda texts: texts == ["Hola a todos, bien"])
        assert await seen.page.evaluate("window.said") == ["Ana: Hola a todos"]
        await seen.page.select_option("#language", "en")
        await seen.page.select_option("#language", "es")
        await seen.until(lambda texts: texts == ["Hola a todos, bien"])
        assert len(await seen.page.evaluate("window.said")) == 1  # what is past is not read out


async def test_the_keyboard_reaches_everything(chromium: Browser) -> None:
    async with stage() as on:
        seen = await window(chromium, on.link())
        await seen.ready()
        reached = []
        for _ in range(3):
            await seen.page.keyboard.press("Tab")
            reached.append(await seen.page.evaluate("document.activeElement.id"))
        assert reached == ["language", "play", "leave"]
        await seen.page.keyboard.press("Shift+Tab")
        await seen.page.keyboard.press("Space")
        await seen.page.wait_for_selector("#play[aria-pressed=true]")
        await seen.page.keyboard.press("Space")
        await seen.page.wait_for_selector("#play[aria-pressed=false]")


async def test_who_scrolled_back_stays_there_and_finds_the_way_to_the_end(
    chromium: Browser,
) -> None:
    async with stage() as on:
        seen = await window(chromium, on.link(), viewport={"width": 360, "height": 500})
        await seen.ready()
        for n in range(1, 40):
            on.feed.show(caption(n, f"Línea {n}", final=True))
        await seen.until(lambda texts: len(texts) == 39)
        top = "document.documentElement.scrollTop"
        assert await seen.page.evaluate(top) > 0  # at the end
        await seen.page.evaluate("scrollTo(0, 100)")
        on.feed.show(caption(40, "Línea 40", final=True))
        await seen.page.wait_for_selector("#newest:not([hidden])")
        assert await seen.page.evaluate(top) == 100
        await seen.page.click("#newest")
        await seen.page.wait_for_selector("#newest", state="hidden")
        for n in range(41, 50):
            on.feed.show(caption(n, f"Línea {n}", final=True))
            await seen.until(lambda texts, n=n: len(texts) == n)  # type: ignore[misc]
            left = "(it => it.scrollHeight - it.scrollTop - it.clientHeight)"
            assert await seen.page.evaluate(f"{left}(document.documentElement)") < 2


async def test_captions_come_in_time(chromium: Browser) -> None:
    """From the room's word to the page's document."""
    watch = """addEventListener('DOMContentLoaded', () => { window.at = {};
      new MutationObserver(() => { const now = Date.now(); for (const it of
        document.querySelectorAll('#lines .text')) window.at[it.textContent] ??= now;
      }).observe(document.getElementById('lines'),
        {childList: true, subtree: true, characterData: true}) })"""
    async with stage() as on:
        seen = await window(chromium, on.link(), scripts=[watch])
        await seen.ready()
        sent = {}
        for n in range(60):
            text = f"Palabra {n}"
            sent[text] = time.time() * 1000  # noqa: TID251 - the browser's clock, too
            on.feed.show(caption(1 + n // 10, text, final=n % 10 == 9))
            await asyncio.sleep(0.08)
        await seen.until(lambda texts: "Palabra 59" in texts)
        at = await seen.page.evaluate("window.at")
        late = sorted(at[text] - sent[text] for text in sent if text in at)
        assert len(late) >= 50
        print(f"\nto the page: median {late[30]:.0f} ms, p95 {late[len(late) * 95 // 100]:.0f} ms")  # noqa: T201
        assert late[len(late) * 95 // 100] < 1000
