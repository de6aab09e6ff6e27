"""A proxy in the environment: never for this machine, else on the way, and named where it fails."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Self
from urllib.parse import urlsplit

import pytest

from bot.clock import LoopClock
from bot.domain.events import ConversationRequest, TextAnswer, TextRequest
from bot.tasks import TaskOwner
from bot.translation.protocol.faults import Fault
from bot.translation.speech.conversation import LiveConversation
from bot.translation.text.qwen_mt import QwenMt
from tests.integration.translation.text_service import TextRoutes
from tests.integration.translation.translation_room import (
    FLAT,
    KEY,
    Heard,
    conversation,
    nothing_left,
    say,
)
from tests.integration.translation.translation_service import Service, translate
from tests.support.live_translate import live_translate

ELSEWHERE = "qwen.example"
HOLA = TextRequest("hola", "es", "en", final=True)


class TunnelProxy:
    """A proxy that connects to one address, whatever it is asked for.

    Args:
        target: The address.
        refusal: Answered instead of connecting.
    """

    def __init__(self, target: str, refusal: str = "") -> None:
        self._target = urlsplit(target)
        self._refusal = refusal
        self._tasks = TaskOwner("proxy")
        self.asked: list[str] = []
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://ana:s3cret@127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._tasks.close()
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.start(self._serve(reader, writer), "serve")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with _closing(writer):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head)
            if self._refusal:
                writer.write(f"HTTP/1.1 {self._refusal}\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
            else:
                await self._pass_on(head, reader, writer)

    async def _pass_on(
        self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        there, out = await asyncio.open_connection(self._target.hostname, self._target.port)
        async with _closing(out):
            if head.startswith("CONNECT"):
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                out.write(head.encode())
            self._tasks.start(_copy(reader, out), "out")
            await _copy(there, writer)


@contextlib.asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@contextlib.asynccontextmanager
async def elsewhere(heard: Heard) -> AsyncIterator[LiveConversation]:
    """A conversation with a service that only a proxy knows."""
    interpreter = live_translate(
        url=f"ws://{ELSEWHERE}/api-ws/v1/realtime", api_key=KEY, model=FLAT, clock=LoopClock()
    )
    talk = interpreter.converse(ConversationRequest(speaker_id=1, target="en"), heard)
    try:
        yield talk
    finally:
        await talk.close()
        await interpreter.close()


async def written(url: str) -> TextAnswer | Fault:
    mt = QwenMt(url=url, api_key=KEY, model="qwen-mt-flash")
    try:
        return await mt.send(HOLA)
    finally:
        await mt.close()


@pytest.mark.parametrize("value", ["http://127.0.0.1:1", "http://proxy.invalid:3128", "nonsense"])
async def test_a_service_on_this_machine_is_reached_whatever_the_environment_says(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, value)
    heard = Heard()
    async with (
        nothing_left(),
        Service(translate, texts=TextRoutes()) as service,
        conversation(service, heard) as talk,
    ):
        await say(talk, 1, 2, 3)
        await heard.until_ended(1)
        answer = await written(service.url)
    assert heard.captions() == ["1 2 3"]
    assert heard.notices() == []
    assert isinstance(answer, TextAnswer)


async def test_a_service_elsewhere_is_reached_by_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(translate, texts=TextRoutes()) as service,
        TunnelProxy(service.url) as proxy,
    ):
        monkeypatch.setenv("http_proxy", proxy.url)
        async with elsewhere(heard) as talk:
            await say(talk, 1, 2, 3)
            await heard.until_ended(1)
        answer = await written(f"ws://{ELSEWHERE}/api-ws/v1/realtime")
        assert len(proxy.asked) == 2
        assert all(ELSEWHERE in head for head in proxy.asked)
        assert all("Proxy-Authorization: Basic" in head for head in proxy.asked)
    assert heard.captions() == ["1 2 3"]
    assert isinstance(answer, TextAnswer)


@pytest.mark.parametrize("refusal", ["407 Proxy Authentication Required", "gone"])
async def test_a_proxy_in_the_way_is_named_by_its_host_alone(
    refusal: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()
    async with nothing_left(), TunnelProxy("http://127.0.0.1:1", refusal) as proxy:
        url = proxy.url if refusal != "gone" else "http://ana:s3cret@127.0.0.1:1"
        monkeypatch.setenv("http_proxy", url)
        async with elsewhere(heard) as talk:
            await say(talk, 1)
            await heard.until(lambda h: bool(h.failures()))
        answer = await written(f"ws://{ELSEWHERE}/api-ws/v1/realtime")
    (notice,) = heard.notices()
    assert isinstance(answer, Fault)
    for message in (notice, answer.message):
        assert message.startswith(
            "The translation service can't be reached through the proxy 127.0.0.1. Trying again."
        )
    for text in (notice, answer.message, caplog.text):
        assert "s3cret" not in text
        assert "ana:" not in text


async def test_a_proxy_of_another_kind_is_named_and_nothing_is_sent_by_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "socks5://localhost:1")
    answer = await written(f"ws://{ELSEWHERE}/api-ws/v1/realtime")
    assert isinstance(answer, Fault)
    assert "the proxy localhost" in answer.message
