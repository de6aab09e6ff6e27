import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bot.errors import SettingsError
from bot.web.health import Health, HealthServer, check


def server_of(state: Health = (True, {}), port: int = 0) -> HealthServer:
    async def health() -> Health:
        return state

    return HealthServer("127.0.0.1", port, health, lambda accept: (b"up 1\n", f"for/{accept}"))


@asynccontextmanager
async def serving(state: Health) -> AsyncIterator[HealthServer]:
    server = server_of(state)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


@pytest.mark.parametrize("path", ["health", "readyz"])
@pytest.mark.parametrize(("healthy", "status"), [(True, 200), (False, 503)])
async def test_health_is_a_status_with_details(*, healthy: bool, status: int, path: str) -> None:
    async with (
        serving((healthy, {"rooms": 2, "since_heard_s": 0.5})) as server,
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{server.port}/{path}") as response,
    ):
        assert response.status == status
        assert await response.json() == {"healthy": healthy, "rooms": 2, "since_heard_s": 0.5}


async def test_a_bot_that_is_not_ready_is_alive_all_the_same() -> None:
    async with (
        serving((False, {})) as server,
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{server.port}/healthz") as response,
    ):
        assert response.status == 200
        assert await response.json() == {"alive": True}


async def test_metrics_are_given_in_the_format_that_is_asked_for() -> None:
    async with (
        serving((False, {})) as server,
        aiohttp.ClientSession(headers={"Accept": "text"}) as session,
        session.get(f"http://127.0.0.1:{server.port}/metrics") as response,
    ):
        assert (response.status, await response.text()) == (200, "up 1\n")
        assert response.headers["Content-Type"] == "for/text"


async def test_nothing_else_is_offered() -> None:
    async with serving((True, {})) as server, aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{server.port}/") as response:
            assert response.status == 404
        async with session.post(f"http://127.0.0.1:{server.port}/health") as response:
            assert response.status == 405


async def test_a_taken_port_is_one_line_that_names_it() -> None:
    async with serving((True, {})) as server:
        second = server_of(port=server.port)
        with pytest.raises(SettingsError, match=f"^HEALTH_PORT {server.port} on 127.0.0.1 "):
            await second.start()
        await second.close()


async def test_a_closed_server_frees_its_port() -> None:
    async with serving((True, {})) as server:
        port = server.port
    again = server_of(port=port)
    await again.start()
    await again.close()
    await again.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
@pytest.mark.parametrize(("healthy", "code"), [(True, 0), (False, 1)])
async def test_the_check_gives_the_exit_code_and_writes_the_answer(
    *, host: str, healthy: bool, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving((healthy, {"rooms": 1})) as server:
        assert await asyncio.to_thread(check, host, server.port) == code
    assert json.loads(capsys.readouterr().out) == {"healthy": healthy, "rooms": 1}


async def test_the_check_of_a_bot_that_does_not_answer_is_unhealthy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with serving((True, {})) as server:
        port = server.port
    assert await asyncio.to_thread(check, "127.0.0.1", port) == 1
    assert json.loads(capsys.readouterr().out)["healthy"] is False


def test_a_bot_that_offers_no_health_counts_as_healthy() -> None:
    assert check("127.0.0.1", 0) == 0


async def test_a_check_that_fails_is_no_health() -> None:
    async def broken() -> Health:
        raise ValueError

    server = HealthServer("127.0.0.1", 0, broken, lambda _: (b"", ""))
    await server.start()
    try:
        assert await asyncio.to_thread(check, "127.0.0.1", server.port) == 1
    finally:
        await server.close()
