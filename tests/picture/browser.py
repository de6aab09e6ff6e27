"""A headless Chromium, driven by its DevTools protocol."""

import asyncio
import base64
import itertools
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from bot.errors import ParleyError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NEEDED = (
    "make picture needs Chromium and Noto's fonts (Debian: apt-get install chromium "
    "fonts-noto-core fonts-noto-mono fonts-noto-cjk)"
)
_STARTED_WITHIN_S = 60.0
_ANSWERED_WITHIN_S = 60.0
_LARGEST = 64 << 20  # bytes of an answer: a picture, in base64

# What stands over the edge of the page, or has wider contents than it has room for.
_CUT = """
[...document.body.querySelectorAll('*:not(.unseen, .unseen *)')].filter(it => {
  const box = it.getBoundingClientRect();
  const style = getComputedStyle(it);
  return style.clipPath === 'none' && (box.left < 0 || box.right > innerWidth + 0.5
    || it instanceof HTMLElement && style.display !== 'inline'
    && it.scrollWidth > it.clientWidth + 1);
}).map(it => `${it.localName}.${it.getAttribute('class')}`)
"""


class PictureError(ParleyError):
    """The pictures can't be made."""


class Page:
    """A page in the browser.

    Args:
        socket: To the browser.
        session: The page's, in the protocol.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, session: str | None = None) -> None:
        self._socket = socket
        self._session = session
        self._ids = itertools.count(1)

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to a request of the protocol.

        Raises:
            PictureError: The browser refused it.
        """
        id_ = next(self._ids)
        request: dict[str, Any] = {"id": id_, "method": method, "params": params}
        if self._session is not None:
            request["sessionId"] = self._session
        await self._socket.send_json(request)
        async with asyncio.timeout(_ANSWERED_WITHIN_S):
            while True:
                answer = await self._socket.receive_json()
                if answer.get("id") == id_ and answer.get("sessionId") == self._session:
                    break
        if "error" in answer:
            raise PictureError(f"Chromium refused {method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def run(self, script: str) -> Any:
        """The value of an expression in JavaScript."""
        answer = await self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            raise PictureError(f"The page's script failed: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    async def show(self, html: str) -> None:
        """Show another document."""
        frame = (await self.ask("Page.getFrameTree"))["frameTree"]["frame"]["id"]
        await self.ask("Page.setDocumentContent", frameId=frame, html=html)

    async def open(self, url: str) -> None:
        """Load a page; what is of the same address and behind its # only is loaded, too."""
        await self.ask("Page.navigate", url="about:blank")
        await self.ask("Page.navigate", url=url)

    async def look(self, width: int, height: int, *, scale: float, dark: bool) -> None:
        """See the page in a window of this size, in pixels of CSS."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=False,
        )
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.ask("Emulation.setEmulatedMedia", features=[theme])

    async def png(self) -> bytes:
        """A picture of the window.

        Raises:
            PictureError: Something in it is cut off.
        """
        if cut := await self.run(_CUT):
            raise PictureError(f"Cut off at the edge: {', '.join(cut)}")
        answer = await self.ask("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])

    async def fonts(self) -> set[str]:
        """The fonts that the page's text is really drawn with."""
        await self.ask("DOM.enable")
        await self.ask("CSS.enable")
        root = (await self.ask("DOM.getDocument"))["root"]["nodeId"]
        nodes = await self.ask("DOM.querySelectorAll", nodeId=root, selector="body *")
        found = set()
        for node in nodes["nodeIds"]:
            drawn = await self.ask("CSS.getPlatformFontsForNode", nodeId=node)
            found |= {font["familyName"] for font in drawn["fonts"]}
        return found


@asynccontextmanager
async def browser() -> AsyncIterator[Page]:
    """A browser with an empty page.

    Raises:
        PictureError: There is no browser, or it does not start.
    """
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise PictureError(NEEDED)
    with tempfile.TemporaryDirectory(prefix="parley-", ignore_cleanup_errors=True) as folder:
        command = [
            path,
            "--headless=new",
            "--remote-debugging-port=0",
            f"--user-data-dir={folder}",
            "--hide-scrollbars",
            "--disable-gpu",
            "--disable-lcd-text",
            "--font-render-hinting=none",
            "--force-color-profile=srgb",
            "--lang=en-US",
            "--autoplay-policy=no-user-gesture-required",
            "--no-first-run",
            "--disable-background-networking",
            # It sees nothing but pages of this project; as root there is no sandbox to be had.
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            "about:blank",
        ]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        try:
            url = await _address(process)
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(url, max_msg_size=_LARGEST) as socket,
            ):
                whole = Page(socket)
                target = await whole.ask("Target.createTarget", url="about:blank")
                attached = await whole.ask(
                    "Target.attachToTarget", targetId=target["targetId"], flatten=True
                )
                yield Page(socket, attached["sessionId"])
        finally:
            if process.returncode is None:
                process.terminate()
            await process.communicate()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    said = b""
    try:
        async with asyncio.timeout(_STARTED_WITHIN_S):
            while line := await process.stderr.readline():
                said += line
                if (found := re.match(rb"DevTools listening on (\S+)", line)) is not None:
                    return found[1].decode()
    except TimeoutError:
        raise PictureError("Chromium did not start in time.") from None
    raise PictureError(f"Chromium did not start: {said[-500:].decode(errors='replace').strip()}")
