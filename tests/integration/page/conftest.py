"""A browser for the tests that ask for one, where there is a browser."""

from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.support import browser as support


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what uses the browser in the loop that the browser was started in."""
    for item in items:
        if Path(__file__).parent in item.path.parents and "browser" in getattr(
            item, "fixturenames", ()
        ):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A Chromium, started when the first test asks for it: a start costs two seconds of CPU.

    Without one the test is skipped.
    """
    _need_one()
    async with support.chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def chromium(browser: Browser) -> AsyncIterator[Browser]:
    """A Chromium with no page, cookie or cache of another test."""
    yield browser
    for context in browser.contexts:
        await context.close()


@pytest.fixture
async def chromium_with_large_letters() -> AsyncIterator[Browser]:
    """A Chromium whose user has set the letters to twice their usual size."""
    _need_one()
    async with support.chromium("--blink-settings=defaultFontSize=32") as browser:
        yield browser


def _need_one() -> None:
    if support.path() is None:
        pytest.skip(support.NEEDED)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Have all that lack a browser said in one line: pytest joins those of one place."""
    report = yield
    if (
        report.skipped
        and isinstance(report.longrepr, tuple)
        and support.NEEDED in report.longrepr[2]
    ):
        report.longrepr = (__file__, 1, report.longrepr[2])
    return report
