"""The real SDK against a service without measure: the event loop stays free, and captions go on."""

import asyncio
import base64
import json
import time
import tracemalloc
from collections.abc import Awaitable, Callable

import pytest

from bot.domain.events import Final, Partial, Usage, Voice
from bot.tasks import TaskOwner
from bot.translation.protocol import bounds, server_events
from bot.translation.protocol.bounds import Exceeded
from tests.integration.translation.raw_link import CHUNK, Told, ignore, interim, linked, texts
from tests.integration.translation.raw_service import PING, WHOLE, RawService, Wire, event, frame
from tests.integration.translation.translation_room import (
    FLAT,
    NESTED,
    Heard,
    QuickClock,
    conversation,
    nothing_left,
    say,
)
from tests.integration.translation.translation_service import Script, Service, Session, translate

FAR_MORE = 64 * 1024 * 1024  # bytes


def endless(first: bytes, then: bytes) -> Callable[[Wire], Awaitable[None]]:
    """Sends the first piece, and the other one for ever."""

    async def script(wire: Wire) -> None:
        await wire.event()
        await wire.send(first)
        block = then * max(1, 16_384 // len(then))
        for _ in range(FAR_MORE // len(block)):
            await wire.send(block)

    return script


@pytest.mark.parametrize(
    ("first", "then", "what"),
    [
        (frame(b"{", 0x01), frame(b"x" * 4_000, 0x00), Exceeded.FRAMES),
        (frame(b"{", 0x01), frame(b"x", 0x00), Exceeded.FRAMES),
        (frame(b"{", 0x01), frame(b"", 0x00), Exceeded.FRAMES),
        (frame(b"", WHOLE | PING), frame(b"", WHOLE | PING), Exceeded.FRAMES),
        (b"\x81\x7f" + (bounds.MESSAGE_BYTES + 1).to_bytes(8, "big"), b"x" * 100, Exceeded.FRAMES),
        (interim("a"), interim("b"), Exceeded.RATE),
        (interim("a"), interim("b" * 1_000_000), Exceeded.RATE),
        (interim("a"), frame(b"nonsense"), Exceeded.UNREADABLE),
        (interim("a"), frame(b"[" * 100_000), Exceeded.UNREADABLE),
        (interim("a"), event("response.done", response=5), Exceeded.UNREADABLE),
    ],
    ids=[
        "fragments",
        "small fragments",
        "empty fragments",
        "pings",
        "one frame",
        "messages",
        "bytes",
        "no JSON",
        "depth",
        "no fields",
    ],
)
async def test_a_service_without_measure_ends_its_link_and_costs_little(
    first: bytes, then: bytes, what: Exceeded
) -> None:
    told = Told()
    tracemalloc.start()
    began = time.process_time()
    try:
        async with (
            nothing_left(),
            RawService(endless(first, then)) as service,
            linked(service, told),
        ):
            await told.until(lambda t: bool(t.lost))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [fault.code for fault in told.lost] == ["nonsense"]
    assert told.lost[0].retryable
    assert told.excess.counts[what] >= 1
    assert most < FAR_MORE / 2
    assert time.process_time() - began < 10


async def test_voice_times_and_tokens_that_cannot_be_are_left_out_of_their_messages() -> None:
    voice = base64.b64encode(bytes(48_000)).decode()

    async def script(wire: Wire) -> None:
        await wire.event()
        await wire.send(event("session.updated"))
        await wire.event()  # 100 ms of speech
        await wire.send(
            event("input_audio_buffer.speech_stopped", audio_end_ms=10**9),
            *[event("response.audio.delta", response_id="r", delta=voice)] * 40,
            event(
                "response.done",
                response={"id": "r", "usage": {"input_tokens": 10**9, "output_tokens": 1}},
            ),
            interim("last"),
        )
        await ignore(wire)

    told = Told()
    async with nothing_left(), RawService(script) as service, linked(service, told) as link:
        await told.until(lambda t: bool(t.events))
        link.send(CHUNK)
        await told.until(lambda t: texts(t) == ["last"])
    assert sum(isinstance(e, server_events.VoiceDelta) for e in told.events) == 30
    assert server_events.SpeechStopped(None, None) in told.events
    assert server_events.ResponseDone("r", "", None) in told.events
    assert told.excess.counts == {Exceeded.TIME: 1, Exceeded.VOICE: 10, Exceeded.TOKENS: 1}
    assert told.lost == []


def deltas(session: Session, text: str) -> str:
    """An interim of a translation in the session's dialect."""
    ids = {"response_id": "r1", "item_id": "i1"}
    body = (
        {"type": "response.text.delta", "delta": text}
        if session.nested
        else {"type": "response.text.text", "text": text * 4, "stash": text}
    )
    return json.dumps({**body, **ids})


@pytest.mark.parametrize("model", [FLAT, NESTED])
async def test_megabytes_of_text_are_one_caption_with_a_mark(model: str) -> None:
    async def babble(session: Session) -> None:
        await session.begin()
        await anext(session.chunks())
        await session.say("input_audio_buffer.speech_started", audio_start_ms=0)
        message = deltas(session, "word " * 200)
        for _ in range(1_900 if session.nested else 1_000):
            await session.say_raw(message)
        await session.say("response.done", response={"id": "r1", "status": "completed"})
        await session.say("input_audio_buffer.speech_stopped", audio_end_ms=100)
        await session.rest()

    heard = Heard()
    tasks = TaskOwner("test")
    slowest = 0.0
    ended = asyncio.Event()

    async def watch() -> None:
        nonlocal slowest
        while not ended.is_set():
            at = time.monotonic()
            await asyncio.sleep(0)
            slowest = max(slowest, time.monotonic() - at)

    async with (
        nothing_left(),
        Service(babble) as service,
        conversation(service, heard, model, clock=QuickClock()) as talk,
    ):
        await say(talk, 1, 2, 3)
        tasks.start(watch(), "watch")
        await heard.until_ended(1)
        ended.set()
        await tasks.drain()
        await tasks.close()
        assert service.handshakes == 1
    (caption,) = heard.captions()
    assert caption.endswith(" …")
    assert len(caption) < bounds.TURN_CHARS + 3
    shown = [len(e.text) for e in heard.events if isinstance(e, Partial | Final)]
    assert sum(shown) < 4_000_000
    assert slowest < 1


async def test_a_flood_is_left_behind_and_the_sentence_translated_by_the_next_link() -> None:
    async def flood(session: Session) -> None:
        await translate(session, stop_after=2)
        for _ in range(20_000):
            await session.say("response.created", response={"id": "x"})

    heard = Heard()
    async with (
        nothing_left(),
        Service(flood, translate) as service,
        conversation(service, heard, clock=QuickClock()) as talk,
    ):
        await say(talk, 1, 2, 3)
        await heard.until_ended(1)
        assert service.handshakes == 2
    assert heard.captions() == ["1 2 3"]
    assert heard.notices() == []


def nonsense_in(kind: str) -> Script:
    """Says what it says, with numbers that make no sense."""

    async def script(session: Session) -> None:
        say = session.say

        async def wrongly(event: str, **fields: object) -> None:
            if kind == "times" and event.startswith("input_audio_buffer"):
                fields = dict.fromkeys(fields, float("nan"))
            if kind == "usage" and event == "response.done":
                fields = {"response": {"id": fields["response"]["id"], "usage": [1]}}  # type: ignore[index]
            if kind == "languages" and "language" in fields:
                fields["language"] = {"code": 5}
            await say(event, **fields)

        session.say = wrongly  # type: ignore[method-assign, assignment]
        await translate(session)

    return script


@pytest.mark.parametrize("model", [FLAT, NESTED])
@pytest.mark.parametrize("kind", ["times", "usage", "languages"])
async def test_fields_of_a_wrong_type_cost_no_caption(kind: str, model: str) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(nonsense_in(kind)) as service,
        conversation(service, heard, model, voice=True, clock=QuickClock()) as talk,
    ):
        await say(talk, 1, 2, 3)
        await heard.until_ended(1)
    assert heard.captions() == ["1 2 3"]
    assert any(isinstance(e, Voice) for e in heard.events)
    used = [e for e in heard.events if isinstance(e, Usage)]
    assert sum(e.tokens_in for e in used) == (0 if kind == "usage" else 3)
