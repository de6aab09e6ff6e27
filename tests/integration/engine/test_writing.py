"""The engine's text call: over HTTP as the service has it, and through the SDK."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from bot.domain.events import TextAnswer, TextRequest
from bot.engine.config import EngineConfig
from bot.engine.scripted import ScriptedTranslator, scripted
from bot.engine.server import EngineServer
from bot.engine.writing import PATH
from bot.errors import EngineError
from bot.translation.protocol.faults import Fault
from bot.translation.text.qwen_mt import QwenMt
from tests.integration.engine.engine_client import SCRIPT

KNOWN = ScriptedTranslator(
    {("hola", "es", "ca"): "hola a tothom", ("hola", "es", "en"): "hi", ("hi", "en", "fr"): "salut"}
)


class Broken(ScriptedTranslator):
    def translate(self, text: str, source: str, target: str) -> str:
        raise EngineError(f"It broke: {len(text)} {source} {target}.")


@asynccontextmanager
async def engine(
    translator: ScriptedTranslator = KNOWN, *, pivot: bool = False
) -> AsyncIterator[EngineServer]:
    config = EngineConfig(pivot=pivot)
    async with EngineServer(config, made_of=scripted(SCRIPT, translator)) as server:
        yield server


def body(**changes: Any) -> dict[str, Any]:
    return {
        "model": "qwen-mt-flash",
        "input": {"messages": [{"role": "user", "content": "hola"}]},
        "parameters": {"translation_options": {"source_lang": "es", "target_lang": "ca"}},
        **changes,
    }


async def post(
    server: EngineServer, content: Any, key: str | None = "Bearer any"
) -> tuple[int, dict[str, Any]]:
    url = f"http://127.0.0.1:{server.port}{PATH}"
    headers = {} if key is None else {"Authorization": key}
    async with aiohttp.ClientSession() as http:
        sent = {"data": content} if isinstance(content, bytes) else {"json": content}
        async with http.post(url, headers=headers, **sent) as answer:
            return answer.status, await answer.json()


async def through_the_sdk(
    server: EngineServer, source: str | None, target: str, text: str = "hola"
) -> TextAnswer | Fault:
    mt = QwenMt(url=server.url, api_key="any", model="qwen-mt-flash")
    try:
        return await mt.send(TextRequest(text, source, target, final=True, terms={"a": "b"}))
    finally:
        await mt.close()


async def test_a_text_is_translated_through_the_sdk() -> None:
    async with engine() as server:
        answer = await through_the_sdk(server, "es", "ca")
    assert isinstance(answer, TextAnswer)
    assert answer.text == "hola a tothom"
    assert (answer.usage.text_tokens_in, answer.usage.text_tokens_out) == (1, 3)


async def test_a_text_is_translated_line_by_line() -> None:
    spread = ScriptedTranslator({**KNOWN.known, ("adeu", "es", "ca"): "two\nlines"})
    async with engine(spread) as server:
        answer = await through_the_sdk(server, "es", "ca", "hola\n\nadeu\r\nhola")
    assert isinstance(answer, TextAnswer)
    assert answer.text.split("\n") == ["hola a tothom", "", "two lines", "hola a tothom"]
    assert answer.usage.text_tokens_in == 3


async def test_a_text_with_a_line_that_nothing_translates_is_refused_whole() -> None:
    async with engine() as server:
        answer = await through_the_sdk(server, "es", "fr", "hola\nhola")
    assert isinstance(answer, Fault)
    assert "Nothing installed translates es to fr" in answer.message


@pytest.mark.parametrize("pivot", [False, True])
async def test_a_pair_by_way_of_english_is_served_where_that_is_wanted(pivot: bool) -> None:  # noqa: FBT001
    async with engine(pivot=pivot) as server:
        answer = await through_the_sdk(server, "es", "fr")
    if pivot:
        assert isinstance(answer, TextAnswer)
        assert answer.text == "salut"
    else:
        assert isinstance(answer, Fault)
        assert "Nothing installed translates es to fr" in answer.message


async def test_an_undetected_language_is_refused() -> None:
    async with engine() as server:
        answer = await through_the_sdk(server, None, "ca")
    assert isinstance(answer, Fault)
    assert "does not detect" in answer.message
    assert not answer.retryable


async def test_a_failing_translator_is_an_error_that_may_pass() -> None:
    async with engine(Broken(KNOWN.known)) as server:
        status, answer = await post(server, body())
    assert (status, answer["code"]) == (500, "InternalError")


@pytest.mark.parametrize("key", [None, "Bearer ", "Basic any"])
async def test_a_request_without_a_key_is_refused(key: str | None) -> None:
    async with engine() as server:
        status, answer = await post(server, body(), key)
    assert (status, answer["code"]) == (401, "InvalidApiKey")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "InvalidParameter"),
        (b"\xff", 400, "InvalidParameter"),
        (b"[" * 100_000, 400, "InvalidParameter"),
        ([], 400, "InvalidParameter"),
        (body(model="qwen-max"), 404, "ModelNotFound"),
        (body(model=None), 404, "ModelNotFound"),
        (body(parameters={}), 400, "InvalidParameter"),
        (body(parameters={"translation_options": {"source_lang": "es"}}), 400, "InvalidParameter"),
        (body(input={"messages": []}), 400, "InvalidParameter"),
        (body(input={"messages": [1]}), 400, "InvalidParameter"),
        (body(input={"messages": [{"role": "system", "content": "x"}]}), 400, "InvalidParameter"),
        (body(input={"messages": [{"role": "user", "content": 3}]}), 400, "InvalidParameter"),
        (
            body(input={"messages": [{"role": "user", "content": "x" * 10_001}]}),
            400,
            "InvalidParameter",
        ),
        (
            body(input={"messages": [{"role": "user", "content": "x\n" * 101}]}),
            400,
            "InvalidParameter",
        ),
    ],
)
async def test_a_bad_request_is_refused_in_the_services_form(
    content: Any, status: int, code: str
) -> None:
    async with engine() as server:
        answered, answer = await post(server, content)
    assert (answered, answer["code"]) == (status, code)
    assert sorted(answer) == ["code", "message", "request_id"]
