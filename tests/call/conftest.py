"""What whole calls share: one engine process, as it takes a while to load its models."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from bot.domain.stored import Layout
from tests.integration.translation.translation_service import Service, listen
from tests.support.call import engine_process


@dataclass(frozen=True, slots=True)
class Soak:
    """How long crowds talk, in seconds, and where captions stand."""

    crowd_s: float
    turns_s: float
    layout: Layout


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="five minutes of talk")
    parser.addoption("--layout", choices=list(Layout), default=Layout.TOGETHER, help="of captions")


@pytest.fixture(scope="session")
def engine_url() -> Iterator[str]:
    with engine_process() as url:
        yield url


@pytest.fixture
async def service_url() -> AsyncIterator[str]:
    """Where a service takes conversations, and translates nothing."""
    async with Service(listen) as service:
        yield service.url


@pytest.fixture(scope="session")
def soak(request: pytest.FixtureRequest) -> Soak:
    layout = Layout(request.config.getoption("layout", default=Layout.TOGETHER))
    if request.config.getoption("soak", default=False):
        return Soak(300.0, 300.0, layout)
    return Soak(25.0, 15.0, layout)
