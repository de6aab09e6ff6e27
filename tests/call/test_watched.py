"""A call of which all is asked for: its health and figures tell how it goes, its log tells nothing.

Words, names and secrets are such that nothing else contains them.
"""

import asyncio
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot import logs
from bot.loopback import Person
from tests.call.test_page import link_of, opened, page_at
from tests.call.test_room_commands import use
from tests.call.test_room_panel import panel_of
from tests.integration.translation.translation_service import Service, Session
from tests.support import metric_labels
from tests.support.call import Place, bot_at, enter, place
from tests.support.clips import clip
from tests.support.page import free_port

KEY = "sk-" + "5e" * 16
SPOKEN, TRANSLATED, TYPED = "Quetzalcoatl", "Xochimilco", "Popocatepetl"
HOST, GUEST = "Ixtlilton", "Tezcatlipoca"
READ = 'parley_tokens_total{kind="read",model="speech"} 50.0'
TERM = "Huitzilopochtli"


async def said(session: Session) -> None:
    """Translate what is said by one sentence, once it is over."""
    await session.begin()
    heard = False
    async for chunk in session.chunks():
        heard = heard or any(chunk)
        if heard and not any(chunk):
            break
    ids = {"response_id": "resp_1", "item_id": "item_1"}
    await session.say("input_audio_buffer.speech_started", audio_start_ms=0)
    await session.say("response.created", response={"id": "resp_1"})
    await session.say("response.audio_transcript.text", text=f"{TRANSLATED} ", stash="is", **ids)
    transcribed = "conversation.item.input_audio_transcription.completed"
    await session.say(transcribed, item_id="item_1", transcript=f"{SPOKEN}.", language="es")
    await session.say("response.audio_transcript.done", transcript=f"{TRANSLATED} is.", **ids)
    await session.say("input_audio_buffer.speech_stopped", audio_end_ms=100)
    usage = {"input_tokens": 50, "output_tokens": 7, "total_tokens": 57}
    done = {"id": "resp_1", "status": "completed", "usage": usage}
    await session.say("response.done", response=done)
    await session.say("error", error={"code": "odd", "message": "what nobody knows"})
    async for event in session.events():
        if event["type"] == "session.finish":
            await session.say("session.finished")


@pytest.fixture
def written() -> Iterator[dict[str, io.StringIO]]:
    """What is logged at debug level, in both formats; no secret is known beforehand."""
    root = logging.getLogger()
    level, streams = root.level, {"text": io.StringIO(), "json": io.StringIO()}
    handlers = [logs.handler(form, stream=stream) for form, stream in streams.items()]
    logs.configure("debug", "text", stream=io.StringIO())
    for handler in handlers:
        root.addHandler(handler)
    yield streams
    for handler in [one for one in root.handlers if isinstance(one, type(handlers[0]))]:
        root.removeHandler(handler)
    root.setLevel(level)


async def get(port: int, path: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/{path}") as response,
    ):
        return response.status, await response.text()


async def test_a_call_is_seen_in_its_figures_and_nobody_in_them_or_in_the_log(
    tmp_path: Path, written: dict[str, io.StringIO]
) -> None:
    page_port, health_port = free_port(), free_port()
    env = {**page_at(page_port), "HEALTH_PORT": str(health_port), "DASHSCOPE_API_KEY": KEY}
    links: list[str] = []
    async with (
        Service(said) as service,
        place() as where,
        bot_at(where, tmp_path, service.url, **env),
    ):
        host = await enter(where.guild.add_person(HOST, admin=True), where)
        guest = where.guild.add_person(GUEST)
        links += await _call(where, host, guest)
        assert (await get(health_port, "healthz"))[0] == 200
        status, document = await get(health_port, "readyz")
        assert status == 200, document
        async with asyncio.timeout(10):
            figures = ""
            while READ not in figures:  # what was used is told once the turn is over
                _, figures = await get(health_port, "metrics")
        token = where.account.token
    _names_nobody(figures)
    _tells_how_it_went(figures)
    for form, stream in written.items():
        log = stream.getvalue()
        assert "the service reports an error" in log, form
        assert "command refused" in log, form
        for hidden in (SPOKEN, TRANSLATED, TYPED, TERM, HOST, GUEST, KEY, token, *links):
            assert hidden not in log, form
        assert where.lounge.name not in log, form


async def _call(where: Place, host: Person, guest: Person) -> list[str]:
    """Speak, type, read, press and ask; the secrets of the page's links."""
    await use(where, host, "translate start", to="en", voice=False)
    link = await link_of(guest, where, language="en")
    pressed = await guest.press(await panel_of(where), "parley:panel:listen")
    (other,) = (
        part["url"] for row in pressed.components for part in row["components"] if "url" in part
    )
    async with opened(link) as page:
        await page.until(lambda now: now.room.get("state") == "live")
        await host.speak(clip("es_conf-invalid")[0][:48_000])
        await page.until(lambda now: any(line["final"] for line in now.lines))
        await use(where, host, "say", text=f"{TYPED} here")
        await use(where, host, "glossary add", source=TERM, translation=TRANSLATED, language="en")
        await use(where, host, "translate status")
        await use(where, host, "translate language add", language=SPOKEN)  # none
        await where.until(lambda: len(where.said()) > 0, 20, "a caption")
    return [str(url).partition("#")[2] for url in (link, other)]


def _samples(figures: str) -> list[Any]:
    return [
        sample for family in text_string_to_metric_families(figures) for sample in family.samples
    ]


def _names_nobody(figures: str) -> None:
    """Each value of a label is one of few, all of which are known beforehand."""
    known = metric_labels.known()
    samples = _samples(figures)
    for sample in samples:
        for label, value in sample.labels.items():
            if label == "le":
                float(value)
            else:
                assert value in known[label], (sample.name, label, value)
    assert 100 < len(samples) < 400


def _tells_how_it_went(figures: str) -> None:
    found = {(one.name, *one.labels.values()): one.value for one in _samples(figures)}
    assert found["parley_rooms",] == 1
    assert found["parley_rooms_deaf",] == 0
    assert found["parley_ready", "gateway"] == found["parley_ready", "database"] == 1
    assert found["parley_voice_packets_received_total",] > 50
    assert 1 < found["parley_voice_heard_seconds_total",] < 3
    assert found["parley_heard_ago_seconds",] < 60
    assert found["parley_conversations", "open"] == 1
    assert found["parley_caption_first_seconds_count",] == 1
    assert found["parley_caption_final_seconds_count",] == 1
    assert found["parley_page_readers",] == 0  # it was closed
    assert found["parley_audio_sent_seconds_total",] > 1
    assert found["parley_connects_total",] == 1
    assert found["parley_discord_requests_total", "/interactions/{id}/{token}/callback"] > 4
    assert found["parley_errors_total", "usage"] == 1
    assert found["parley_errors_total", "service_error"] == 1
    assert found["parley_log_lines_total", "error"] == 0
