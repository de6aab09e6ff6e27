"""A browser for each test that asks for one, where there is a browser."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.support import browser as support


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A Chromium; without one the test is skipped."""
    if support.path() is None:
        pytest.skip(support.NEEDED)
    async with support.chromium() as browser:
        yield browser
