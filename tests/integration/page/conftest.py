"""A browser for each test that asks for one, where there is a browser."""

from collections.abc import AsyncIterator, Generator

import pytest
from playwright.async_api import Browser

from tests.support import browser as support


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A Chromium; without one the test is skipped."""
    _need_one()
    async with support.chromium() as browser:
        yield browser


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
