"""However long a connection takes, the service hears the first word and every one after it."""

import asyncio

import pytest

from bot.clock import LoopClock
from tests.integration.translation.translation_room import (
    FLAT,
    NESTED,
    Heard,
    conversation,
    nothing_left,
)
from tests.integration.translation.translation_service import Service, Session, listen
from tests.support.clips import clip

FRAME = 640  # bytes, 20 ms
DELAYS_S = (0.0, 0.6, 2.0, 5.0)


async def arrived(pcm: bytes, model: str, service: Service) -> bytes:
    """What the service heard of a clip spoken in real time."""
    heard = Heard()
    clock = LoopClock()
    async with service, conversation(service, heard, model) as talk:
        began = clock.now()
        for count, start in enumerate(range(0, len(pcm), FRAME)):
            talk.feed(pcm[start : start + FRAME])
            await asyncio.sleep(began + count * 0.02 - clock.now())
        talk.fell_silent()
        await heard.until(lambda h: "open" in h.states())
        await talk.close()
        assert talk.dropped_s == 0
    assert heard.failures() == []
    assert service.handshakes == 1
    return bytes(service.sessions[0].audio)


@pytest.mark.parametrize("model", [FLAT, NESTED])
async def test_a_clip_arrives_whole_after_a_slow_handshake(model: str) -> None:
    pcm = clip("es_conf-invalid")[0]
    async with nothing_left():
        services = [Service(listen, handshake_s=delay_s) for delay_s in DELAYS_S]
        for audio in await asyncio.gather(*(arrived(pcm, model, s) for s in services)):
            assert audio[: len(pcm)] == pcm
            assert not any(audio[len(pcm) :])


def slow_to_agree(delay_s: float) -> "Service":
    """Connects at once, and takes its time over the settings."""

    async def script(session: Session) -> None:
        await session.begin(after_s=delay_s)
        await listen(session, begun=True)

    return Service(script)


async def test_a_clip_arrives_whole_after_settings_that_are_slow_to_be_taken() -> None:
    pcm = clip("es_conf-invalid")[0]
    async with nothing_left():
        services = [slow_to_agree(delay_s) for delay_s in DELAYS_S]
        for audio in await asyncio.gather(*(arrived(pcm, NESTED, s) for s in services)):
            assert audio[: len(pcm)] == pcm
            assert not any(audio[len(pcm) :])
