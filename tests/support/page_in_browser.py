"""The page as it stands in a browser."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page

# What stands over the edge of the page, or has wider contents than it has room for.
# What is cut off at the right; a select ends its text with an ellipsis and opens as wide as it is.
CUT = """
() => [...document.body.querySelectorAll('*:not(.unseen, .unseen *)')].filter(it => {
  const box = it.getBoundingClientRect();
  const style = getComputedStyle(it);
  return style.clipPath === 'none' && (box.left < 0 || box.right > innerWidth + 0.5
    || it instanceof HTMLElement && it.localName !== 'select' && style.display !== 'inline'
    && it.scrollWidth > it.clientWidth + 1);
}).map(it => `${it.localName}#${it.id}.${it.getAttribute('class')}`)
"""
LINES = """
() => [...document.querySelectorAll('#lines li')].map(it => ({
  name: it.querySelector('.name').textContent, text: it.querySelector('.text').textContent,
  final: !it.classList.contains('interim')}))
"""
HEARD = "async () => ({...(await import('./static/app.js')).voice.stats})"
# Samples of what the voice gives to the loudspeaker, and when each block passed.
EAR = """
registerProcessor('ear', class extends AudioWorkletProcessor {
  process([[input]]) {
    if (input) this.port.postMessage([currentTime, input.slice()]);
    return true;
  }
});
"""
LISTEN = """
async () => {
  const { voice } = await import('./static/app.js');
  const context = voice.node.context;
  await context.audioWorklet.addModule('static/ear.js');
  const ear = new AudioWorkletNode(context, 'ear', { numberOfOutputs: 0 });
  window.heard = [];
  window.rate = context.sampleRate;
  ear.port.onmessage = ({ data: [at, block] }) =>
    window.heard.push({ at, wall: Date.now(), block: Array.from(block) });
  voice.node.connect(ear);
}
"""


@dataclass
class Window:
    """A page in a browser, and everything that went wrong or elsewhere in it."""

    page: Page
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def lines(self) -> list[dict[str, Any]]:
        """What stands there."""
        found: list[dict[str, Any]] = await self.page.evaluate(LINES)
        return found

    async def texts(self) -> list[str]:
        """What stands there, without who said it."""
        return [line["text"] for line in await self.lines()]

    async def status(self) -> str:
        """What it says of the call."""
        return (await self.page.text_content("#status")) or ""

    async def until(self, done: Callable[[list[str]], bool], seconds: float = 15.0) -> list[str]:
        """The texts, once they are as they should be."""
        texts: list[str] = []
        try:
            async with asyncio.timeout(seconds):
                while not done(texts := await self.texts()):  # noqa: ASYNC110 - it is elsewhere
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"not in time: {texts}") from None
        return texts

    async def says(self, part: str, where: str = "#status") -> None:
        """Wait until this is said."""
        locator = self.page.locator(where, has_text=part)
        await locator.wait_for(timeout=15_000)

    async def hear(self) -> None:
        """Put an ear where the loudspeaker is: `window.heard` has what it hears from now on.

        The page's policy allows scripts of its own origin alone: `EAR` is served as ear.js.
        """
        await self.page.evaluate(LISTEN)

    async def ready(self) -> None:
        """Wait until lines can come."""
        await self.page.wait_for_selector("#controls:not([hidden])", timeout=15_000)


async def window(browser: Browser, url: str | None, **options: Any) -> Window:
    """A window of its own, with this page."""
    scripts = options.pop("scripts", ())
    options.setdefault("locale", "en-US")
    context = await browser.new_context(**options)
    for script in scripts:
        await context.add_init_script(script)
    page = await context.new_page()
    shown = Window(page, context)
    page.on("console", lambda message: shown.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: shown.complaints.append(str(error)))
    page.on("request", lambda request: shown.asked.append(request.url))
    if url is not None:
        await page.goto(url)
    return shown
