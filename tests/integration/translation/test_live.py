"""The real SDK against a service that works: what the room is told, and what is left behind."""

import asyncio
import logging

import pytest

from bot.domain.events import ConversationState, Echoed, Partial, Source, StateChanged, Usage, Voice
from tests.integration.translation.translation_room import (
    FLAT,
    FLAT_NEWER,
    KEY,
    NESTED,
    Heard,
    conversation,
    nothing_left,
    say,
)
from tests.integration.translation.translation_service import Service, spoken, translate
from tests.support.log_lines import logged


@pytest.mark.parametrize("model", [FLAT, FLAT_NEWER, NESTED])
@pytest.mark.parametrize("voice", [False, True])
async def test_a_sentence_is_translated(model: str, voice: bool) -> None:  # noqa: FBT001
    heard = Heard()
    async with (
        Service(translate) as service,
        conversation(service, heard, model, voice=voice) as talk,
    ):
        await say(talk, 1, 2, 3)
        await heard.until(lambda h: h.ended() == [1])
        session = service.sessions[0]
        assert session.headers["Authorization"] == f"Bearer {KEY}"
        assert session.model == model
        assert talk.session_id == "sess_1"
        assert talk.last_response_id.startswith("resp_")
    assert heard.finals() == {1: "1 2 3"}
    assert [e.text for e in heard.events if isinstance(e, Partial)] == ["1", "1 2", "1 2 3"]
    assert Source(1, "source 1 2 3", "es", final=True) in heard.events
    pcm = b"".join(e.pcm for e in heard.events if isinstance(e, Voice))
    assert len(pcm) == (7200 if voice else 0)
    usage = [e for e in heard.events if isinstance(e, Usage)]
    assert sum(u.connects for u in usage) == 1
    assert sum(u.tokens_in for u in usage) == 3
    assert heard.failures() == []
    assert heard.states() == ["opening", "open", "closed"]


async def test_an_idle_conversation_is_finished_and_opens_again_with_the_next_speech() -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(translate) as service,
        conversation(service, heard, idle_s=0.2) as talk,
    ):
        await say(talk, 1, 2)
        await heard.until(lambda h: h.states()[-1:] == ["idle"])
        assert service.sessions[0].finished
        await say(talk, 3, 4)
        await heard.until(lambda h: h.ended() == [1, 2])
    assert heard.finals() == {1: "1 2", 2: "3 4"}
    assert service.handshakes == 2


async def test_closing_waits_for_the_last_sentence() -> None:
    heard = Heard()
    async with nothing_left(), Service(translate) as service, conversation(service, heard) as talk:
        for word in (1, 2, 3):
            talk.feed(spoken(word))
        await talk.close()
    assert heard.finals() == {1: "1 2 3"}
    assert heard.events[-1] == StateChanged(ConversationState.CLOSED)


async def test_two_hundred_conversations_leave_nothing_behind() -> None:
    async with nothing_left(), Service(translate) as service:
        for _ in range(4):
            heard = [Heard() for _ in range(50)]

            async def talk_once(hears: Heard, service: Service) -> None:
                async with conversation(service, hears, NESTED) as talk:
                    await say(talk, 1, 2)
                    await hears.until(lambda h: h.ended() == [1])

            await asyncio.gather(*(talk_once(hears, service) for hears in heard))
            assert [hears.finals() for hears in heard] == [{1: "1 2"}] * 50
    assert service.handshakes == 200


async def test_neither_speech_nor_the_key_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    heard = Heard()
    async with (
        nothing_left(),
        Service(translate) as service,
        conversation(service, heard) as talk,
    ):
        await say(talk, 12321, 23432)
        await heard.until(lambda h: h.ended() == [1])
    assert heard.finals() == {1: "12321 23432"}
    ours = "\n".join(logged(r for r in caplog.records if r.name != "aiohttp.access"))
    assert "12321" not in ours
    assert KEY not in ours


@pytest.mark.parametrize("model", [FLAT, FLAT_NEWER, NESTED])
async def test_speech_in_the_target_language_stands_as_said_and_from_then_on_has_no_voice(
    model: str,
) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(translate) as service,
        conversation(service, heard, model, voice=True, target="es") as talk,
    ):
        await say(talk, 1, 2)
        await heard.until_ended(1)
        await say(talk, 3, 4)
        await heard.until_ended(2)
    assert heard.captions() == ["source 1 2", "source 3 4"]
    assert Echoed(1) in heard.events
    assert Source(2, "source 3 4", "es", final=True) in heard.events
    assert {event.turn for event in heard.events if isinstance(event, Voice)} == {1}
    assert heard.notices() == []
