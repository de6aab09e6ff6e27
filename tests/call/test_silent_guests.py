"""Guests who read and say nothing: what that makes the service hear, and who pays for what."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.loopback_bot import until
from tests.integration.text_service import TextRoutes
from tests.integration.translation_service import Service, translate
from tests.support.call import Place, ask, bot_at, enter, place
from tests.support.clips import clip

BYTES_PER_S = 32_000
FOUR = ("fr", "de", "ja", "it")


@dataclass(frozen=True, slots=True)
class Bill:
    """What the service received for one call.

    Attributes:
        audio_s: Of all its conversations together.
        conversations: How many were opened.
        written: The languages of its text requests.
    """

    audio_s: float
    conversations: int
    written: frozenset[str]


async def call(where: Place, folder: Path, reads: Sequence[str], **env: str) -> Bill:
    """One person speaks for three seconds while others, who agreed to nothing, want to read."""
    routes = TextRoutes()
    async with Service(translate, texts=routes) as service:
        host = where.guild.add_person("Host", admin=True)
        async with bot_at(where, folder, service.url, **env) as app:
            await enter(host, where)
            await ask(host, where, "translate start", to="en")
            for language in reads:
                guest = await enter(where.guild.add_person(f"Reads {language}"), where)
                await ask(guest, where, "translate mine", reads=language)
            before = len(where.said())
            await host.speak(clip("es_conf-invalid")[0])
            await where.until(lambda: len(where.said()) > before, 30, "the caption")
            await until(lambda: all(said.words.final for said in where.said()))
            room = app.rooms.find(where.guild.id)
            assert room is not None
            texts = len({request.target for request in routes.asked})
            await until(lambda: texts == len({request.target for request in routes.asked}))
            await ask(host, where, "translate stop")
        await host.leave()
    return Bill(
        sum(len(session.audio) for session in service.sessions) / BYTES_PER_S,
        len(service.sessions),
        frozenset(request.target for request in routes.asked),
    )


@pytest.mark.parametrize("fan_out", ["auto", "text", "speech"])
async def test_silent_guests_make_the_service_hear_nothing_more(
    tmp_path: Path, fan_out: str
) -> None:
    async with place() as where:
        alone = await call(where, tmp_path / "alone", (), FAN_OUT=fan_out)
        guests = await call(where, tmp_path / "guests", FOUR, FAN_OUT=fan_out)
        assert where.discord.complaints == []
    assert alone.conversations == guests.conversations == 1
    assert alone.audio_s > 2
    assert abs(guests.audio_s - alone.audio_s) < 1.5
    assert alone.written == frozenset()
    assert guests.written == (frozenset() if fan_out == "speech" else {"fr", "de"})
