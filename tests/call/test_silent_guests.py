"""Guests who read and say nothing: what that makes the service hear, and who pays for what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from bot.domain.spent import Spent
from bot.store.database import Database
from bot.store.usage import UsageTable
from tests.integration.loopback_bot import until
from tests.integration.translation.text_service import TextRoutes
from tests.integration.translation.translation_service import Service, translate
from tests.support.call import Place, ask, bot_at, enter, place
from tests.support.clips import clip

BYTES_PER_S = 32_000
TOKENS = 10  # of each text request, as `text_service.translation` says
SPEECH_MODEL = "qwen3-livetranslate-flash-realtime"
FOUR = ("fr", "de", "ja", "it")


@dataclass(frozen=True, slots=True)
class Bill:
    """What the service received for one call.

    Attributes:
        audio_s: Of all its conversations together.
        conversations: How many were opened.
        written: The languages of its text requests.
        text_tokens: What those cost.
        counted: Audio seconds and text tokens, as the server's usage has them.
    """

    audio_s: float
    conversations: int
    written: frozenset[str]
    text_tokens: int
    counted: tuple[float, int]


async def call(where: Place, folder: Path, reads: Sequence[str], **env: str) -> Bill:
    """One person speaks for three seconds while others, who agreed to nothing, want to read."""
    routes = TextRoutes()
    async with Service(translate, texts=routes) as service:
        host = where.guild.add_person("Host", admin=True)
        async with bot_at(where, folder, service.url, **env):
            await enter(host, where)
            await ask(host, where, "translate start", to="en")
            for language in reads:
                guest = await enter(where.guild.add_person(f"Reads {language}"), where)
                await ask(guest, where, "translate my-languages", reads=language)
            before = len(where.said())
            await host.speak(clip("es_conf-invalid")[0])
            await where.until(lambda: len(where.said()) > before, 30, "the caption")
            await until(lambda: all(said.words.final for said in where.said()))
            await ask(host, where, "translate stop")
        await host.leave()
    return Bill(
        sum(len(session.audio) for session in service.sessions) / BYTES_PER_S,
        len(service.sessions),
        frozenset(request.target for request in routes.asked),
        TOKENS * len(routes.asked),
        await counted(where, folder),
    )


async def counted(where: Place, folder: Path) -> tuple[float, int]:
    """What the store has of this server."""
    async with await Database.open(where.env(folder, "")["DATABASE_URL"]) as database:
        rows = await UsageTable(database).since(where.guild.id, date.min)
    spent = {key.model: amount for key, amount in rows.items()}
    text = spent.get("qwen-mt-flash", Spent())
    return spent[SPEECH_MODEL].minutes * 60, text.tokens_in + text.tokens_out


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
    for bill in (alone, guests):
        audio_s, text_tokens = bill.counted
        assert audio_s == pytest.approx(bill.audio_s, abs=0.2)
        assert text_tokens == bill.text_tokens
