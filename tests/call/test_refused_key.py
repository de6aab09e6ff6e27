"""A key that the service refuses is told to who starts a room, at once, and nothing retries."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.integration.translation.translation_service import Service, translate
from tests.support.call import Place, bot_at, enter, open_now, place
from tests.support.clips import clip

TRIED_AGAIN_WITHIN_S = 2.0


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, '{"code":"InvalidApiKey"}', "DASHSCOPE_API_KEY"),
        (403, "", "workspace"),
        (404, "", "LIVETRANSLATE_MODEL"),
        (400, '{"code":"Arrearage"}', "credit"),
    ],
)
async def test_who_starts_a_room_reads_why_the_service_refuses(
    tmp_path: Path, status: int, body: str, says: str
) -> None:
    before = open_now()
    async with place() as where, Service(translate, refuse=status, refusal=body) as service:
        host = where.guild.add_person("Host", admin=True)
        async with bot_at(where, tmp_path, service.url) as app:
            await enter(host, where)
            began = time.monotonic()
            answer = await host.command(
                "translate start",
                {"to": "English", "channel": where.lounge},
                channel=where.captions,
            )
            # A person's patience, not a measurement: the answer takes a tenth of it.
            assert time.monotonic() - began < 2.0
            assert answer.ephemeral
            assert says in answer.content
            assert len(app.rooms) == 0
            await asyncio.sleep(TRIED_AGAIN_WITHIN_S)
            assert service.handshakes == 1
            _nothing_was_begun(where)
        await host.leave()
    after = open_now()
    assert after.threads <= before.threads
    assert after.sockets <= before.sockets
    assert after.tasks <= before.tasks


def _nothing_was_begun(where: Place) -> None:
    assert where.account.id not in where.discord.voice.participants(where.lounge.id)
    assert where.captions.messages == []
    assert where.discord.complaints == []


async def test_the_link_opened_at_the_start_serves_the_starters_first_words(
    tmp_path: Path,
) -> None:
    async with place() as where, Service(translate) as service:
        host = where.guild.add_person("Host", admin=True)
        async with bot_at(where, tmp_path, service.url):
            await enter(host, where)
            await host.command(
                "translate start",
                {"to": "English", "channel": where.lounge},
                channel=where.captions,
            )
            assert service.handshakes == 1
            await host.speak(clip("es_conf-invalid")[0])
            await where.until(lambda: bool(where.said()), 10, "a caption")
            assert service.handshakes == 1
            assert any(service.sessions[0].audio)
            await host.command("translate stop", {}, channel=where.captions)


async def test_a_service_that_hangs_does_not_keep_who_starts_waiting(tmp_path: Path) -> None:
    async with place() as where, Service(translate, handshake_s=3.0) as service:
        host = where.guild.add_person("Host", admin=True)
        async with bot_at(where, tmp_path, service.url) as app:
            await enter(host, where)
            answer = await host.command(
                "translate start",
                {"to": "English", "channel": where.lounge},
                channel=where.captions,
            )
            assert "The translation service has not answered yet." in answer.content
            assert "Translating" not in answer.content
            assert len(app.rooms) == 1
            await host.command("translate stop", {}, channel=where.captions)
