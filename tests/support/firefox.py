"""The Firefox that is on this machine, driven by WebDriver BiDi, which it speaks by itself.

https://www.w3.org/TR/webdriver-bidi/
"""

import asyncio
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("firefox-esr", "firefox")
NEEDED = "no Firefox found: apt-get install firefox-esr (Debian), or put a Firefox on the PATH"
_STARTED_WITHIN_S = 45.0
_ANSWERED_WITHIN_S = 15.0
_LISTENING = "WebDriver BiDi listening on "
# It is not to ask, tell or fetch anything of its own.
_PREFERENCES: dict[str, str | int | bool] = {
    "intl.accept_languages": "de-DE, de",
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "http://127.0.0.1:9",
    "browser.safebrowsing.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    # A loudspeaker that nobody hears: without any, Firefox's Web Audio never starts.
    "media.cubeb.force_mock_context": True,
    "media.cubeb.sandbox": False,
}


def path() -> str | None:
    """Where it is; None: nowhere."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class FirefoxPage:
    """The one page of a Firefox.

    Args:
        socket: To the browser.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._context = ""

    async def begin(self) -> None:
        """Take on the browser's first page."""
        await self.ask("session.new", capabilities={})
        tree = await self.ask("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to a command of the protocol."""
        id_ = next(self._ids)
        await self._socket.send_json({"id": id_, "method": method, "params": params})
        async with asyncio.timeout(_ANSWERED_WITHIN_S):
            while (answer := await self._socket.receive_json()).get("id") != id_:
                pass
        assert answer["type"] == "success", answer
        result: dict[str, Any] = answer["result"]
        return result

    async def open(self, url: str) -> None:
        """Load a page."""
        await self.ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def run(self, expression: str) -> Any:
        """The value of an expression in JavaScript, or of what it promises."""
        answer = await self.ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify((await ({expression})) ?? null))()",
            target={"context": self._context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer
        return json.loads(answer["result"]["value"])

    async def until(
        self, expression: str, done: Callable[[Any], bool] = bool, seconds: float = 15.0
    ) -> Any:
        """The value of an expression, once it is as it should be."""
        value = None
        try:
            async with asyncio.timeout(seconds):
                while not done(value := await self.run(expression)):  # noqa: ASYNC110 - elsewhere
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"not in time: {expression} is {value}") from None
        return value

    async def click(self, selector: str) -> None:
        """Click an element, as a person with a mouse does."""
        found = await self.ask(
            "browsingContext.locateNodes",
            context=self._context,
            locator={"type": "css", "value": selector},
        )
        (node,) = found["nodes"]
        origin = {"type": "element", "element": {"sharedId": node["sharedId"]}}
        steps = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        await self.ask(
            "input.performActions",
            context=self._context,
            actions=[{"type": "pointer", "id": "mouse", "actions": steps}],
        )


@contextmanager
def _profile() -> Iterator[str]:
    """A folder for what it keeps, thrown away afterwards."""
    with tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True) as folder:
        lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in _PREFERENCES.items())
        Path(folder, "user.js").write_text("\n".join(lines), encoding="utf-8")
        yield folder


@asynccontextmanager
async def firefox() -> AsyncIterator[FirefoxPage]:
    """A Firefox without a window, in a profile of its own."""
    program = path()
    assert program is not None, NEEDED
    with _profile() as profile:
        process = await asyncio.create_subprocess_exec(
            program,
            *("--headless", "--no-remote", "--remote-debugging-port=0", "--profile", profile),
            env={**os.environ, "HOME": profile, "MOZ_CRASHREPORTER_DISABLE": "1"},  # noqa: TID251
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stderr is not None
            async with asyncio.timeout(_STARTED_WITHIN_S):
                row = b""
                while _LISTENING.encode() not in row:
                    row = await process.stderr.readline()
                    assert row, "Firefox ended as it started"
            url = row.decode().partition(_LISTENING)[2].strip()
            async with (
                aiohttp.ClientSession() as client,
                client.ws_connect(f"{url}/session", max_msg_size=0) as socket,
            ):
                page = FirefoxPage(socket)
                await page.begin()
                yield page
        finally:
            if process.returncode is None:
                process.kill()  # a profile that is thrown away needs no farewell
            await process.wait()
