"""One text, through the real SDK over real HTTP: what arrives, and what is left behind."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from bot.domain.events import TextAnswer, TextRequest
from bot.translation.protocol import faults
from bot.translation.protocol.bounds import ANSWER_BYTES, TURN_CHARS
from bot.translation.text import qwen_mt
from bot.translation.text.qwen_mt import UNREADABLE, QwenMt
from tests.integration.translation.text_service import TextRoutes
from tests.integration.translation.translation_room import KEY, nothing_left, open_sockets
from tests.integration.translation.translation_service import Service, listen
from tests.support.log_lines import logged

HELLO = TextRequest("hola", "es", "en", final=True, terms={"Parley": "Parley Bot"})


@asynccontextmanager
async def calling(routes: TextRoutes, workspace: str = "") -> AsyncIterator[QwenMt]:
    sockets = open_sockets()
    async with nothing_left(), Service(listen, texts=routes) as service:
        mt = QwenMt(url=service.url, api_key=KEY, model="qwen-mt-plus", workspace=workspace)
        try:
            yield mt
        finally:
            await mt.close()
            await mt.close()
    assert open_sockets() == sockets


async def test_key_model_languages_and_terms_arrive() -> None:
    routes = TextRoutes()
    async with calling(routes, "ws-1") as mt:
        assert isinstance(await mt.send(HELLO), TextAnswer)
    (asked,) = routes.asked
    assert asked.headers["Authorization"] == f"Bearer {KEY}"
    assert asked.headers["X-DashScope-WorkSpace"] == "ws-1"
    assert asked.body["model"] == "qwen-mt-plus"
    assert asked.body["input"] == {"messages": [{"role": "user", "content": "hola"}]}
    assert asked.options == {
        "source_lang": "es",
        "target_lang": "en",
        "terms": [{"source": "Parley", "target": "Parley Bot"}],
    }


async def test_without_a_workspace_a_language_or_terms_none_are_sent() -> None:
    routes = TextRoutes()
    async with calling(routes) as mt:
        await mt.send(TextRequest("hola", None, "fil", final=True))
    assert "X-DashScope-WorkSpace" not in routes.asked[0].headers
    assert routes.asked[0].options == {"source_lang": "auto", "target_lang": "tl"}


async def test_a_broken_connection_is_one_request_and_one_failure() -> None:
    routes = TextRoutes(drop=1)
    async with calling(routes) as mt:
        assert await mt.send(HELLO) == faults.UNREACHABLE
        assert len(routes.asked) == 1
        assert isinstance(await mt.send(HELLO), TextAnswer)


async def test_an_answer_that_does_not_come_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(qwen_mt, "ANSWER_S", 0.1)
    async with calling(TextRoutes(takes_s=5.0)) as mt:
        assert await mt.send(HELLO) == faults.NO_ANSWER


async def test_a_long_text_has_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qwen_mt, "ANSWER_S", 0.1)
    async with calling(TextRoutes(takes_s=0.4)) as mt:
        assert await mt.send(HELLO) == faults.NO_ANSWER
        assert isinstance(
            await mt.send(TextRequest("hola " * 200, "es", "en", final=True)), TextAnswer
        )


async def test_an_error_without_a_code_is_judged_by_its_status() -> None:
    async with calling(TextRoutes(refuse=lambda _: (500, "", ""))) as mt:
        assert await mt.send(HELLO) == faults.OVERLOADED


async def test_an_answer_that_is_no_translation_is_a_failure() -> None:
    async with calling(TextRoutes(refuse=lambda _: (200, "", ""))) as mt:
        assert await mt.send(HELLO) is UNREADABLE


async def test_an_answer_without_end_is_read_no_further_than_its_bound() -> None:
    written = 0

    def endless() -> Iterator[bytes]:
        nonlocal written
        yield b'{"output": {"text": "'
        while True:
            written += 65_536
            yield b"x" * 65_536

    async with calling(TextRoutes(raw=endless())) as mt:
        async with asyncio.timeout(5):  # its time would be 10 s
            assert await mt.send(HELLO) is UNREADABLE
    assert written < 64 * ANSWER_BYTES  # what the sockets hold


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"{", b'{"output": ' + b"[" * 9_999 + b"]" * 9_999]
)
async def test_an_answer_that_is_nested_without_end_is_no_translation(body: bytes) -> None:
    async with calling(TextRoutes(raw=[body])) as mt:
        assert await mt.send(HELLO) is UNREADABLE


async def test_an_answer_of_the_longest_text_is_read_whole() -> None:
    text = "言" * TURN_CHARS
    async with calling(TextRoutes(says=lambda _, line: line * 10)) as mt:
        answer = await mt.send(TextRequest(text, "zh", "de", final=True))
    assert isinstance(answer, TextAnswer)
    assert answer.text == text * 10


async def test_closing_in_the_middle_of_a_call_leaves_nothing() -> None:
    async with calling(TextRoutes(takes_s=5.0)) as mt:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(mt.send(HELLO), 0.1)


async def test_neither_texts_nor_the_key_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with calling(TextRoutes(drop=1)) as mt:
        await mt.send(HELLO)
        await mt.send(HELLO)
    ours = "\n".join(logged(r for r in caplog.records if r.name != "aiohttp.access"))
    assert "hola" not in ours
    assert KEY not in ours
