"""What the doctor says to the service, and what it says of it."""

import json

import pytest

from bot.doctor.checks import Diagnosis, Mark
from bot.doctor.plan import DoctorOptions
from bot.translation import timeouts
from tests.integration.doctor.clinic import SECRET, Clinic
from tests.integration.translation.translation_service import Service, Session

MODEL = "qwen3-livetranslate-flash-realtime"
PRICES = json.dumps({MODEL: {"in": 10, "text_out": 10}})


async def to_the_end(session: Session) -> None:
    await session.begin()
    async for _ in session.events():
        if session.finished:
            await session.say("session.finished")


async def never_ending(session: Session) -> None:
    await session.begin()
    await session.rest()


async def never_ready(session: Session) -> None:
    await session.say("session.created", session={"id": "sess_1"})
    await session.rest()


async def closing(session: Session) -> None:
    await session.begin()
    await session.end(1007, "Workspace access denied")


async def found(clinic: Clinic, service: Service, *, spends: bool = True) -> Diagnosis:
    clinic.set("DASHSCOPE_URL", service.url)
    clinic.set("PRICES", PRICES)
    all_found = await clinic.examined(DoctorOptions(spends=spends))
    (one,) = (one.diagnosis for one in all_found if one.check.name == "key and model")
    return one


async def test_a_second_of_silence_is_sent_and_its_cost_is_said(clinic: Clinic) -> None:
    async with Service(to_the_end) as service:
        said = await found(clinic, service)
    (session,) = service.sessions
    assert session.audio == bytes(32_000)
    assert session.model == MODEL
    assert session.headers["Authorization"] == f"Bearer {SECRET}"
    assert said.mark is Mark.OK
    cost = "Cost: 12 tokens and 1 of 10 connections a minute, about $0.00012."
    assert said.line.endswith(cost)


async def test_nothing_is_sent_when_nothing_may_be_spent(clinic: Clinic) -> None:
    async with Service(to_the_end) as service:
        said = await found(clinic, service, spends=False)
    assert service.sessions == []
    assert said == Diagnosis(Mark.SKIPPED, "Left out (--no-spend).")


async def test_an_end_that_is_not_confirmed_is_a_warning(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts, "FINISHING_S", 0.05)
    async with Service(never_ending) as service:
        said = await found(clinic, service)
    assert said.mark is Mark.WARNING
    assert said.line.endswith("It did not confirm the end.")


async def test_a_service_that_never_answers_is_a_fault(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts, "OPENING_S", 0.1)
    async with Service(never_ready) as service:
        said = await found(clinic, service)
    assert said.mark is Mark.FAULT
    assert said.line == "The service took the connection, and did not answer."


async def test_a_conversation_that_is_closed_says_why(clinic: Clinic) -> None:
    async with Service(closing) as service:
        said = await found(clinic, service)
    assert said.line == "The key is good, and may not use this model."
    assert "correct DASHSCOPE_WORKSPACE" in said.cure
