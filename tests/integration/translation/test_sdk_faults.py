"""What the SDK does wrong by itself, and how a conversation over it behaves."""

import asyncio
import logging

import pytest

from tests.integration.translation.translation_room import (
    KEY,
    Heard,
    conversation,
    nothing_left,
    say,
)
from tests.integration.translation.translation_service import (
    Service,
    Session,
    listen,
    spoken,
    translate,
)


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "bad_key"), (403, "access_denied"), (429, "rate_limited"), (503, "overloaded")],
)
async def test_a_refused_handshake_is_told_with_its_reason_at_once(status: int, code: str) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(listen, refuse=status) as service,
        conversation(service, heard) as talk,
    ):
        async with asyncio.timeout(2):  # the SDK takes 5 s and tells a timeout
            talk.feed(spoken(1))
            await heard.until(lambda h: bool(h.failures()))
    assert [failure.code for failure in heard.failures()] == [code]


@pytest.mark.parametrize("status", [302, 401, 500])
async def test_the_key_is_in_no_log_and_no_fault_whatever_goes_wrong(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    heard = Heard()
    async with (
        nothing_left(),
        Service(listen, refuse=status, refusal="no") as service,
        conversation(service, heard) as talk,
    ):
        talk.feed(spoken(1))
        await heard.until(lambda h: bool(h.failures()))
    records = [str(vars(record)) for record in caplog.records]
    assert records
    assert not any(KEY in text for text in [caplog.text, *records, *heard.notices()])


async def test_no_audio_is_sent_before_the_session_has_its_settings() -> None:
    kinds: list[str] = []

    async def slow(session: Session) -> None:
        await session.say("session.created", session={"id": "sess_1"})
        async for event in session.events():
            kinds.append(event["type"])
            if event["type"] == "session.update":
                await asyncio.sleep(0.3)
                kinds.append("settings taken")
                await session.say("session.updated", session=event["session"])
            elif event["type"] == "session.finish":
                await session.say("session.finished")

    heard = Heard()
    async with nothing_left(), Service(slow) as service, conversation(service, heard) as talk:
        for word in range(1, 6):
            talk.feed(spoken(word))
        await heard.until(lambda h: "open" in h.states())
    assert kinds[:2] == ["session.update", "settings taken"]
    assert kinds.count("input_audio_buffer.append") >= 5


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_an_end_does_not_wait_for_a_server_that_goes_meanwhile(how: str) -> None:
    async def leaves(session: Session) -> None:
        await session.begin()
        async for _ in session.events():
            if session.finished:
                if how == "reset":
                    session.reset()
                return

    heard = Heard()
    async with nothing_left(), Service(leaves) as service, conversation(service, heard) as talk:
        talk.feed(spoken(1))
        await heard.until(lambda h: "open" in h.states())
        async with asyncio.timeout(3):  # the SDK waits its whole timeout, and then raises
            await talk.close()


async def test_an_end_right_after_the_beginning_is_no_error() -> None:
    heard = Heard()
    async with nothing_left(), Service(translate) as service, conversation(service, heard) as talk:
        talk.feed(spoken(1))
        await service.handshake_began.wait()
    assert heard.failures() == []
    assert heard.states()[-1] == "closed"


async def test_what_is_said_after_the_end_is_not_sent_into_the_ended_session() -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(translate) as service,
        conversation(service, heard, idle_s=0.1) as talk,
    ):
        await say(talk, 1, 2)
        await heard.until(lambda h: h.states()[-1:] == ["idle"])
        heard_before = len(service.sessions[0].audio)
        talk.feed(spoken(3))
        talk.fell_silent()
        await heard.until(lambda h: h.ended() == [1, 2])
        assert len(service.sessions[0].audio) == heard_before
