"""The Chromium that is on this machine, driven for tests."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

from tests.picture.browser import NAMES

NEEDED = "no Chromium found: apt-get install chromium (Debian), or put a Google Chrome on the PATH"


def path() -> str | None:
    """Where it is; None: nowhere."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@asynccontextmanager
async def chromium(*flags: str) -> AsyncIterator[Browser]:
    """A browser without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path(),
            args=[
                "--disable-gpu",
                "--font-render-hinting=none",
                # It sees nothing but pages of this project; as root there is no sandbox to be had.
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                *flags,
            ],
        )
        try:
            yield browser
        finally:
            await browser.close()
