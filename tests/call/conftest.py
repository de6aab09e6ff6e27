"""What whole calls share: one engine process, as it takes a while to load its models."""

from collections.abc import Iterator

import pytest

from tests.support.call import engine_process


@pytest.fixture(scope="session")
def engine_url() -> Iterator[str]:
    with engine_process() as url:
        yield url
