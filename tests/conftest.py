"""What all tests share."""

import fcntl
import gc
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bot import logs
from tests.support.postgres import Postgres, postgres_server

# Other tests run beside: how long an example takes says nothing of the code. The same examples each
# time, so that who changes one thing is not told of another; `make fuzz` looks for new ones.
settings.register_profile("parley", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1_000)
settings.load_profile("parley")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Have the others wait while the first of the workers that come here compiles the tests.

    In a new checkout each would compile all of them at the same time.
    """
    with Path(__file__).open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(lock, fcntl.LOCK_SH)
        return (yield)


# In real time, on a machine that others use, too: what heard nothing for a second there says little
# of the code. A second try tells a slow moment from a fault, and the summary lists who needed one.
_HERE = Path(__file__).parent
_IN_REAL_TIME = [_HERE / name for name in ("call", "integration/page", "integration/voice")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try what listens in real time a second time where it fails."""
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in _IN_REAL_TIME):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let `caplog.text` hold the fields of what is logged, so that nothing hides in them."""
    plugin = config.pluginmanager.get_plugin("logging-plugin")
    assert plugin is not None
    for handler in (plugin.caplog_handler, plugin.report_handler):
        handler.setFormatter(logs.handler("text").formatter)


@pytest.fixture(scope="module", autouse=True)
def _what_other_tests_left() -> None:
    """Keep the collector from looking through it again: nobody hears or speaks meanwhile.

    In a process that has run hundreds of tests that takes longer than the 200 ms of nothing by
    which an utterance ends.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL, started when the first test asks for it; one for each worker."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind: a test that asks for it runs on both."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'data' / 'parley.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url
