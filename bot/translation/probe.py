"""One short conversation in silence: says whether the key, the model and the address are good."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from bot.domain.events import SPEECH_RATE, Usage
from bot.translation import timeouts
from bot.translation.connection.link import Link
from bot.translation.ports import Endpoint
from bot.translation.protocol import faults, session_body
from bot.translation.protocol.bounds import Excess
from bot.translation.protocol.faults import Fault
from bot.translation.protocol.models import Model, model_named
from bot.translation.protocol.server_events import (
    ServerError,
    ServerEvent,
    SessionFinished,
    SessionUpdated,
)
from bot.translation.protocol.session_body import SessionOptions
from bot.translation.sockets import Sockets
from bot.translation.speech.meter import Meter

_CHUNK: Final = bytes(SPEECH_RATE // 10 * 2)  # 100 ms


@dataclass(frozen=True, slots=True)
class Probed:
    """A conversation that was opened.

    Attributes:
        model: What is known of the model.
        ready_s: Seconds until it took audio.
        usage: What it used; tokens are estimated where the service counts none.
        finished: Whether the service confirmed the end of the audio.
    """

    model: Model
    ready_s: float
    usage: Usage
    finished: bool


async def probe(endpoint: Endpoint, *, silence_ms: int, chunks: int = 10) -> Probed | Fault:
    """Say silence into a conversation of its own; returns why that failed, where it did.

    Args:
        endpoint: The service.
        silence_ms: Silence that ends a turn, as the settings have it.
        chunks: How many times 100 ms of silence.
    """
    model = model_named(endpoint.model)
    target = "en" if "en" in model.targets else min(model.targets)
    options = SessionOptions(
        target, source=None, voice=None, source_text=True, silence_ms=silence_ms, phrases={}
    )
    heard: asyncio.Queue[ServerEvent | Fault] = asyncio.Queue()
    meter = Meter(cumulative=model.cumulative_usage)
    sockets = Sockets()
    began = time.monotonic()
    body = session_body.session(model, options)
    link = Link(sockets, endpoint, body, heard.put_nowait, heard.put_nowait, Excess())
    try:
        async with asyncio.timeout(timeouts.OPENING_S):
            fault = await _until(SessionUpdated, heard, meter)
        if fault is not None:
            return fault
        ready_s = time.monotonic() - began
        meter.connected()
        for _ in range(chunks):
            link.send(_CHUNK)
            meter.sent(_CHUNK)
        link.finish()
        finished = await _finished(heard, meter)
        if isinstance(finished, Fault):
            return finished
    except TimeoutError:
        return faults.NO_ANSWER
    finally:
        await link.close()
        await sockets.close()
    usage = meter.read() or Usage()
    if not usage.tokens_in:
        usage = Usage(
            audio_in_s=usage.audio_in_s,
            tokens_in=round(usage.audio_in_s * model.tokens_in_per_s),
            connects=usage.connects,
        )
    return Probed(model, ready_s, usage, finished)


async def _finished(heard: asyncio.Queue[ServerEvent | Fault], meter: Meter) -> bool | Fault:
    try:
        async with asyncio.timeout(timeouts.FINISHING_S):
            fault = await _until(SessionFinished, heard, meter)
    except TimeoutError:
        return False
    return True if fault is None else fault


async def _until(
    kind: type[SessionUpdated | SessionFinished],
    heard: asyncio.Queue[ServerEvent | Fault],
    meter: Meter,
) -> Fault | None:
    """Wait for an event; returns what ended the conversation before."""
    while True:
        event = await heard.get()
        if isinstance(event, kind):
            return None
        if isinstance(event, Fault):
            return event
        if isinstance(event, ServerError):
            return faults.of_error(event.code, event.message, event.param)
        meter.take(event)
