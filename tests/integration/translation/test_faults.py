"""The real SDK against a failing service: each fault has a rule, and no caption stands twice."""

import asyncio
import json
import random
import socket

import pytest

from bot.clock import LoopClock
from bot.domain.events import ConversationRequest, ConversationState, Failed
from tests.integration.translation.translation_room import (
    FLAT,
    NESTED,
    Heard,
    conversation,
    nothing_left,
    say,
)
from tests.integration.translation.translation_service import (
    Script,
    Service,
    Session,
    spoken,
    translate,
)
from tests.support.live_translate import live_translate

REPEAT = {"code": "COMMON_ERROR", "message": "model repeat output happened"}


def broken_after(chunks: int, how: str) -> Script:
    """Translates so far and then breaks off."""

    async def script(session: Session) -> None:
        await translate(session, stop_after=chunks)
        match how:
            case "reset":
                session.reset()
            case "close 1011":
                await session.end(1011, "Internal server error")
            case "close 1007":
                await session.end(1007, "Requests rate limit exceeded, please try again later.")
            case "repeated output":
                await session.say("error", error=REPEAT)
                await session.end(1011, "model repeat output happened")
            case "capacity":
                await session.say_raw(
                    json.dumps({"code": "COMMON_ERROR", "message": "thread pool exhausted"})
                )
                await asyncio.sleep(5)
            case "freeze":
                session.freeze()
                await asyncio.sleep(30)
            case _:
                raise AssertionError(how)

    return script


@pytest.mark.parametrize("model", [FLAT, NESTED])
@pytest.mark.parametrize("how", ["reset", "close 1011", "repeated output"])
async def test_a_sentence_broken_off_is_said_once_and_whole(model: str, how: str) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(broken_after(3, how), translate) as service,
        conversation(service, heard, model) as talk,
    ):
        await say(talk, 1, 2, 3, 4, 5)
        await heard.until(lambda h: h.ended() == [1])
    assert heard.finals() == {1: "1 2 3 4 5"}
    assert heard.failures() == []
    assert len(service.sessions) == 2


async def test_a_sentence_survives_breaks_at_random_moments() -> None:
    chance = random.Random(4)

    async def talk_through(*breaks: Script) -> Heard:
        heard = Heard()
        async with (
            Service(*breaks, translate) as service,
            conversation(service, heard) as talk,
        ):
            await say(talk, 1, 2, 3, 4, 5, 6, 7, 8)
            await heard.until(lambda h: h.ended() == [1])
        return heard

    async with nothing_left():
        calls = [
            talk_through(*(broken_after(chance.randint(1, 12), "reset") for _ in range(2)))
            for _ in range(20)
        ]
        for heard in await asyncio.gather(*calls):
            assert heard.finals() == {1: "1 2 3 4 5 6 7 8"}


async def test_only_the_unfinished_sentence_is_said_again() -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(broken_after(18, "reset"), translate) as service,
        conversation(service, heard) as talk,
    ):
        await say(talk, 1, 2, 3)
        await heard.until(lambda h: h.ended() == [1])
        await say(talk, 4, 5, 6, 7, 8, 9, 10, 11)
        await heard.until(lambda h: h.ended() == [1, 2])
        again = bytes(service.sessions[1].audio)
    assert heard.finals() == {1: "1 2 3", 2: "4 5 6 7 8 9 10 11"}
    assert spoken(4) in again
    assert spoken(3) not in again


@pytest.mark.parametrize("how", ["close 1007", "capacity"])
async def test_a_refusal_that_heals_is_told_once_and_tried_again(how: str) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(broken_after(2, how), translate) as service,
        conversation(service, heard) as talk,
    ):
        await say(talk, 1, 2, 3)
        await heard.until(lambda h: h.ended() == [1])
    assert heard.finals() == {1: "1 2 3"}
    expected = "rate_limited" if how == "close 1007" else "overloaded"
    assert [(failure.code, failure.fatal) for failure in heard.failures()] == [(expected, False)]


async def test_a_frozen_service_is_noticed_and_the_sentence_said_elsewhere() -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(broken_after(2, "freeze"), translate) as service,
        conversation(service, heard) as talk,
    ):
        await say(talk, 1, 2, 3)
        await heard.until(lambda h: h.ended() == [1])
    assert heard.finals() == {1: "1 2 3"}


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, '{"code":"InvalidApiKey"}', "bad_key"),
        (401, "", "bad_key"),
        (403, "", "access_denied"),
        (404, "", "no_model"),
        (400, '{"code":"Arrearage"}', "no_credit"),
    ],
)
async def test_a_refusal_for_good_is_said_once_and_nothing_retries(
    status: int, body: str, code: str
) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(translate, refuse=status, refusal=body) as service,
        conversation(service, heard) as talk,
    ):
        await say(talk, 1, 2, 3)
        await heard.until(lambda h: h.states()[-1:] == [ConversationState.CLOSED])
        await say(talk, 4, 5)
        await asyncio.sleep(0.5)
        assert service.handshakes == 1
    assert [(failure.code, failure.fatal) for failure in heard.failures()] == [(code, True)]


async def closed_at_once(session: Session) -> None:
    await session.end(1007, "Workspace access denied")


async def bad_voice(session: Session) -> None:
    await session.begin()
    reason = "InternalError.Algo.InvalidParameter: Voice 'Chelsie' is not supported."
    await session.end(1011, reason)


async def bad_settings(session: Session) -> None:
    await session.say("session.created", session={"id": "sess_1"})
    error = {
        "type": "invalid_request_error",
        "code": "invalid_value",
        "message": "Invalid translation parameter.",
        "param": "session.translation",
    }
    await session.say("error", error=error)
    await asyncio.sleep(5)


@pytest.mark.parametrize(
    ("script", "code"),
    [(closed_at_once, "access_denied"), (bad_voice, "bad_voice"), (bad_settings, "refused")],
)
async def test_settings_the_service_refuses_end_the_conversation(script: Script, code: str) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(script) as service,
        conversation(service, heard) as talk,
    ):
        await say(talk, 1, 2, 3)
        await heard.until(lambda h: h.states()[-1:] == [ConversationState.CLOSED])
        assert service.handshakes == 1
    assert [(failure.code, failure.fatal) for failure in heard.failures()] == [(code, True)]


async def test_a_rate_limit_at_the_handshake_waits_and_keeps_the_words() -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(translate, refuse=429) as service,
        conversation(service, heard) as talk,
    ):
        await say(talk, 1, 2, 3)
        await heard.until(lambda h: bool(h.failures()))
        service.accept()
        await heard.until(lambda h: h.ended() == [1])
    assert heard.finals() == {1: "1 2 3"}
    assert [(failure.code, failure.fatal) for failure in heard.failures()] == [
        ("rate_limited", False)
    ]


async def test_an_unreachable_service_is_tried_again_until_it_is_there() -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        port = placeholder.getsockname()[1]
    heard = Heard()
    interpreter = live_translate(
        url=f"ws://127.0.0.1:{port}/api-ws/v1/realtime",
        api_key="sk-1",
        model=FLAT,
        clock=LoopClock(),
    )
    async with nothing_left():
        talk = interpreter.converse(ConversationRequest(speaker_id=1, target="en"), heard)
        await say(talk, 1, 2, 3)
        await heard.until(lambda h: bool(h.failures()))
        assert isinstance(heard.failures()[0], Failed)
        assert heard.failures()[0].code == "connection_refused"
        async with Service(translate, port=port):
            await heard.until(lambda h: h.ended() == [1])
            await talk.close()
        await interpreter.close()
    assert heard.finals() == {1: "1 2 3"}


async def test_a_handshake_that_hangs_leaves_no_thread_when_closed() -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(translate, handshake_s=20) as service,
        conversation(service, heard) as talk,
    ):
        talk.feed(spoken(1))
        await service.handshake_began.wait()
    assert heard.ended() == []


async def test_messages_that_make_no_sense_are_passed_over() -> None:
    async def noisy(session: Session) -> None:
        for text in ("nonsense", "[1]", "{}", '{"type":5}', '{"type":"response.done"}', "[" * 9999):
            await session.say_raw(text)
        await session.say("something.new", future=1)
        await translate(session)

    heard = Heard()
    async with (
        nothing_left(),
        Service(noisy) as service,
        conversation(service, heard) as talk,
    ):
        await say(talk, 1, 2)
        await heard.until(lambda h: h.ended() == [1])
    assert heard.finals() == {1: "1 2"}
    assert heard.failures() == []


async def test_an_error_that_ends_nothing_is_told_and_passed_over() -> None:
    async def grumbling(session: Session) -> None:
        await session.begin()
        error = {"code": "unsupported_language_pair", "message": "No engine translates es to xx."}
        await session.say("error", error=error)
        await session.say("error", error=error)
        async for _ in session.chunks():
            pass
        await session.say("session.finished")

    heard = Heard()
    async with (
        nothing_left(),
        Service(grumbling) as service,
        conversation(service, heard) as talk,
    ):
        await say(talk, 1, 2)
        await heard.until(lambda h: bool(h.failures()))
    assert [failure.message for failure in heard.failures()] == [
        "The translation service reported: No engine translates es to xx."
    ]
    assert service.handshakes == 1
