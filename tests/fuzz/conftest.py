"""How much is thrown: little with all other tests, all of it with `make fuzz`."""

from dataclasses import dataclass

import pytest


@dataclass(frozen=True, slots=True)
class Amount:
    """How many of each."""

    datagrams: int
    gateway_messages: int


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz-full", action="store_true", help="a million datagrams")


@pytest.fixture(scope="session")
def amount(request: pytest.FixtureRequest) -> Amount:
    full = request.config.getoption("fuzz_full", default=False)
    return Amount(1_000_000, 100_000) if full else Amount(50_000, 5_000)
