"""What is found out of the service by an attempt: over real sockets, whatever is in the way."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.clock import LoopClock
from bot.domain.trouble import ServiceTrouble
from bot.loopback.voice import tls
from bot.translation.interpreter import LiveTranslate
from bot.translation.protocol import faults
from bot.translation.protocol.faults import Fault
from bot.usage.availability import Availability
from tests.integration.translation.translation_room import FLAT, KEY, nothing_left
from tests.integration.translation.translation_service import PATH, Service, Session, translate
from tests.support.live_translate import live_translate
from tests.support.log_lines import logged


@asynccontextmanager
async def looking_at(url: str) -> AsyncIterator[tuple[Availability, LiveTranslate]]:
    clock = LoopClock()
    service = Availability("the service", clock, clock.now)
    speech = live_translate(url=url, api_key=KEY, model=FLAT, clock=LoopClock(), reach=service)
    async with speech as interpreter:
        service.use(interpreter.attempt)
        try:
            yield service, interpreter
        finally:
            await service.close()


async def trouble_of(url: str) -> ServiceTrouble | None:
    async with nothing_left(), looking_at(url) as (service, interpreter):
        await interpreter.attempt()
        return service.trouble


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (401, '{"code":"InvalidApiKey"}', faults.BAD_KEY),
        (401, "", faults.BAD_KEY),
        (403, "", faults.ACCESS_DENIED),
        (404, "", faults.NO_MODEL),
        (400, '{"code":"Arrearage"}', faults.NO_CREDIT),
        (500, "", faults.FAILED),
        (502, "<html>Bad Gateway</html>", faults.FAILED),
        (503, "", faults.OVERLOADED),
        (504, "", faults.FAILED),
    ],
)
async def test_a_status_at_the_handshake(
    status: int, body: str, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    async with Service(translate, refuse=status, refusal=body) as service:
        trouble = await trouble_of(service.url)
        assert service.handshakes == 1
    assert trouble is not None
    assert trouble.code == fault.code
    assert trouble.reason == (fault.why or fault.message)
    assert trouble.final is not fault.retryable
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == (0 if fault.retryable else 1)  # else once it lasts
    assert all(f"HTTP {status}" in line for line in logged(told))


async def test_an_address_that_is_not_found() -> None:
    trouble = await trouble_of(f"wss://service.invalid{PATH}")
    assert trouble is not None
    assert trouble.code == "no_address"


async def test_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    context, _ = tls.make(tmp_path)
    ends: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(
        lambda _, writer: ends.append(writer), "127.0.0.1", 0, ssl=context
    )
    async with server:
        port = server.sockets[0].getsockname()[1]
        trouble = await trouble_of(f"wss://127.0.0.1:{port}{PATH}")
        for writer in ends:
            writer.close()
    assert trouble is not None
    assert trouble.code == "bad_certificate"
    assert not trouble.final


async def test_a_session_that_is_dropped_before_it_is_ready() -> None:
    async def drop(session: Session) -> None:
        session.reset()

    async with Service(drop) as service:
        trouble = await trouble_of(service.url)
    assert trouble is not None
    assert trouble.code in {"connection_lost", "unreachable"}


async def test_a_service_that_works_is_let_alone_at_once() -> None:
    async with Service(translate) as service:
        assert await trouble_of(service.url) is None
        assert service.handshakes == 1
        assert not any(service.sessions[0].audio)


async def test_the_account_s_rate_is_no_trouble_of_the_service() -> None:
    async with Service(translate, refuse=429) as service:
        assert await trouble_of(service.url) is None
