"""A link from its handshake to its end: nothing blocks, nothing is lost, nothing is left."""

import asyncio
import base64
import contextlib
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from bot.loopback.voice import tls
from bot.translation.connection import link as link_module
from bot.translation.connection.link import Link
from bot.translation.ports import Endpoint
from bot.translation.protocol.server_events import ServerEvent
from bot.translation.sockets import Sockets
from tests.integration.translation.raw_link import (
    CHUNK,
    SESSION,
    Told,
    ignore,
    interim,
    linked,
    texts,
)
from tests.integration.translation.raw_service import RawService, Wire, closing, event
from tests.integration.translation.translation_room import FLAT, KEY, nothing_left
from tests.integration.translation.translation_service import Service, listen


async def test_settings_come_first_and_then_audio_in_order() -> None:
    came: list[dict[str, Any]] = []
    done = asyncio.Event()

    async def script(wire: Wire) -> None:
        while len(came) < 5:
            came.append(await wire.event())
        done.set()

    async with nothing_left(), RawService(script) as service, linked(service, Told()) as link:
        for number in range(3):
            assert link.send(bytes([number]) * 3_200) == 0
        link.update({"output_modalities": ["text", "audio"]})
        link.finish()
        await asyncio.wait_for(done.wait(), 20)
    assert [e["type"] for e in came] == [
        "session.update",
        *["input_audio_buffer.append"] * 3,
        "session.update",
    ]
    assert came[0]["session"] == SESSION
    assert [base64.b64decode(e["audio"])[0] for e in came[1:4]] == [0, 1, 2]
    assert len({e["event_id"] for e in came}) == 5


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_a_server_that_does_not_read_delays_nobody_else(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = tls.make(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    monkeypatch.setattr(link_module, "QUEUE_CHUNKS", 50)
    frozen_came = 0

    async def frozen(wire: Wire) -> None:
        nonlocal frozen_came
        await wire.event()
        await wire.send(event("session.updated"))
        wake.clear()
        await wake.wait()
        while True:
            frozen_came += (await wire.event())["type"] == "input_audio_buffer.append"

    async def lively(wire: Wire) -> None:
        while True:
            received = await wire.event()
            await wire.send(interim(received["type"]))

    wake = asyncio.Event()
    first, second = Told(), Told()
    async with (
        nothing_left(),
        RawService(frozen, context if scheme == "wss" else None) as ice,
        RawService(lively) as fire,
        linked(ice, first) as stuck,
        linked(fire, second) as free,
    ):
        await first.until(lambda t: bool(t.events))
        sent = 0
        dropped = 0
        while not dropped:  # the kernel's buffers fill, then our own queue; no send waits
            sent += 1
            dropped = stuck.send(CHUNK)
            await asyncio.sleep(0)
            assert sent < 20_000
        assert stuck._stuck is not None
        free.send(CHUNK)
        await second.until(lambda t: len(t.events) == 2)
        assert stuck.dropped == dropped
        wake.set()
        async with asyncio.timeout(20):
            while frozen_came < sent - dropped:  # noqa: ASYNC110 - bytes tell nobody
                await asyncio.sleep(0.01)
        assert first.lost == []
    assert frozen_came == sent - dropped


async def test_much_at_once_leaves_the_event_loop_to_others_in_between() -> None:
    came: list[int] = []
    everything = asyncio.Event()
    waiting = []

    async def script(wire: Wire) -> None:
        await wire.event()
        await wire.send(event("session.updated"))
        while len(came) < 300:
            came.append(base64.b64decode((await wire.event())["audio"])[0])
        everything.set()

    def look() -> None:
        waiting.append(len(link._queue))
        if waiting[-1]:
            asyncio.get_running_loop().call_soon(look)

    told = Told()
    async with nothing_left(), RawService(script) as service, linked(service, told) as link:
        await told.until(lambda t: bool(t.events))
        for number in range(300):
            link.send(bytes([number % 256]) * 3_200)
        look()
        await asyncio.wait_for(everything.wait(), 20)
    assert came == [number % 256 for number in range(300)]
    assert len(waiting) > 10


async def test_a_server_gone_while_much_is_unsent_is_told_once() -> None:
    async def script(wire: Wire) -> None:
        await wire.event()
        await wire.send(event("session.updated"))
        await go.wait()
        await wire.send(closing(1011, "InternalError"))

    go = asyncio.Event()
    told = Told()
    async with nothing_left(), RawService(script) as service, linked(service, told) as link:
        await told.until(lambda t: bool(t.events))
        for _ in range(3_000):
            link.send(CHUNK)
            await asyncio.sleep(0)
        go.set()
        await told.until(lambda t: bool(t.lost))
        link.send(CHUNK)
    assert len(told.lost) == 1
    assert told.lost[0].retryable


async def test_what_is_never_taken_ends_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "STUCK_S", 0.3)

    async def talking_not_listening(wire: Wire) -> None:
        await wire.event()
        await wire.send(event("session.updated"))
        with contextlib.suppress(ConnectionError):
            while True:
                await wire.send(interim("still here"))
                await asyncio.sleep(0.02)

    told = Told()
    async with (
        nothing_left(),
        RawService(talking_not_listening) as service,
        linked(service, told) as link,
    ):
        await told.until(lambda t: bool(t.events))
        for _ in range(3_000):
            link.send(CHUNK)
            await asyncio.sleep(0)
        await told.until(lambda t: bool(t.lost))
    assert [fault.code for fault in told.lost] == ["connection_lost"]


async def test_open_links_have_no_threads() -> None:
    before = threading.active_count()
    told = [Told() for _ in range(20)]

    async def script(wire: Wire) -> None:
        await wire.event()
        await wire.send(event("session.updated"))
        await ignore(wire)

    async with nothing_left(), RawService(script) as service, contextlib.AsyncExitStack() as links:
        for each in told:
            await links.enter_async_context(linked(service, each))
        for each in told:
            await each.until(lambda t: bool(t.events))
        async with asyncio.timeout(5):
            while threading.active_count() > before:  # noqa: ASYNC110 - threads tell nobody
                await asyncio.sleep(0.01)


async def test_an_owner_that_fails_on_an_event_still_hears_the_next() -> None:
    told = Told()
    troubles = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: troubles.append(what))

    def fragile(event: ServerEvent) -> None:
        told.on_event(event)
        if len(told.events) == 1:
            raise ValueError("a mistake of the owner")

    async def script(wire: Wire) -> None:
        await wire.send(interim("one"), interim("two"), interim("three"))
        await ignore(wire)

    async with nothing_left(), RawService(script) as service:
        endpoint = Endpoint(service.url, "sk-1", "model")
        sockets = Sockets()
        link = Link(sockets, endpoint, SESSION, fragile, told.on_lost, told.excess)
        await told.until(lambda t: len(t.events) == 3)
        await link.close()
        await sockets.close()
    assert texts(told) == ["one", "two", "three"]
    assert [str(trouble["exception"]) for trouble in troubles] == ["a mistake of the owner"]


async def test_nothing_is_told_after_close_and_closing_twice_is_closing_once() -> None:
    async def script(wire: Wire) -> None:
        await wire.event()
        await wire.send(event("session.updated"))
        while True:
            await wire.send(interim("on and on"))
            await asyncio.sleep(0)

    told = Told()
    async with nothing_left(), RawService(script) as service, linked(service, told) as link:
        await told.until(lambda t: len(t.events) > 3)
        first, second = asyncio.gather(link.close(), link.close()), len(told.events)
        await first
        assert link.send(CHUNK) == 0
        link.finish()
        await asyncio.sleep(0.05)
        assert len(told.events) == second
    assert told.lost == []


async def test_a_link_closed_before_it_is_connected_is_gone() -> None:
    told = Told()
    threads = threading.active_count()
    async with RawService(ignore) as service:
        async with linked(service, told):
            pass
        assert threading.active_count() == threads
    assert (told.events, told.lost) == ([], [])


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_a_handshake_without_answer_is_told_and_leaves_nothing(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.translation.sockets.STALL_S", 0.3)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        url = f"{scheme}://127.0.0.1:{deaf.getsockname()[1]}/api-ws/v1/realtime"
        told = Told()
        async with nothing_left():
            endpoint = Endpoint(url, "sk-1", "model")
            sockets = Sockets()
            link = Link(sockets, endpoint, SESSION, told.on_event, told.on_lost, told.excess)
            await told.until(lambda t: bool(t.lost))
            await link.close()
            await sockets.close()
    assert [fault.code for fault in told.lost] == ["no_answer"]


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_a_link_closed_amid_its_handshake_is_gone_at_once(scheme: str) -> None:
    told = Told()
    async with nothing_left():
        sockets = Sockets()
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen()
            deaf.settimeout(0)
            url = f"{scheme}://127.0.0.1:{deaf.getsockname()[1]}/api-ws/v1/realtime"
            endpoint = Endpoint(url, "sk-1", "model")
            link = Link(sockets, endpoint, SESSION, told.on_event, told.on_lost, told.excess)
            caller, _ = await asyncio.get_running_loop().sock_accept(deaf)
            with caller:
                async with asyncio.timeout(1):
                    await link.close()
        await sockets.close()
    assert (told.events, told.lost) == ([], [])


async def test_the_sdk_s_headers_are_sent_and_no_compression_is_asked_for() -> None:
    told = Told()
    async with nothing_left(), Service(listen) as service:
        sockets = Sockets()
        endpoint = Endpoint(service.url, KEY, FLAT, "ws-1")
        link = Link(sockets, endpoint, SESSION, told.on_event, told.on_lost, told.excess)
        await told.until(lambda t: len(t.events) == 2)
        (session,) = service.sessions
        await link.close()
        await sockets.close()
    assert session.model == FLAT
    assert session.headers["Authorization"] == f"Bearer {KEY}"
    assert session.headers["X-DashScope-WorkSpace"] == "ws-1"
    assert session.headers["User-Agent"].startswith("dashscope/")
    assert "x-dashscope-sdk-client" in session.headers
    assert "Sec-WebSocket-Extensions" not in session.headers


async def test_a_server_that_is_left_is_told_goodbye() -> None:
    goodbyes = []

    async def script(wire: Wire) -> None:
        await wire.event()
        await wire.send(event("session.updated"))
        try:
            await wire.event()
        except ConnectionError as goodbye:
            goodbyes.append(str(goodbye))
            await wire.send(closing(1000))

    told = Told()
    async with nothing_left(), RawService(script) as service, linked(service, told):
        await told.until(lambda t: bool(t.events))
    assert goodbyes == ["The client said goodbye."]
    assert told.lost == []


async def test_it_all_holds_under_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, authority = tls.make(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    came = []
    wanted = ["short", "x" * 100_000, "é" * 30_000, *"abcdefgh"]

    async def script(wire: Wire) -> None:
        await wire.send(*(interim(text) for text in wanted))
        while True:
            came.append(await wire.event())
            if len(came) == 31:
                await wire.send(interim("all came"))

    told = Told()
    async with (
        nothing_left(),
        RawService(script, context) as service,
        linked(service, told) as link,
    ):
        for _ in range(30):
            link.send(CHUNK)
        await told.until(lambda t: texts(t)[-1:] == ["all came"])
    assert texts(told) == [*wanted, "all came"]
    assert b"".join(base64.b64decode(e["audio"]) for e in came[1:]) == CHUNK * 30
