"""What the service refuses or breaks off in the middle: what is lost, and how that reads."""

from typing import Any

import pytest

from tests.integration.translation.translation_room import (
    FLAT,
    NESTED,
    Heard,
    QuickClock,
    conversation,
    nothing_left,
    say,
)
from tests.integration.translation.translation_service import (
    Script,
    Service,
    Session,
    answer,
    spoken,
    translate,
)


def close(code: int, reason: str) -> Script:
    """The server ends the connection in mid-sentence."""

    async def script(session: Session) -> None:
        await translate(session, stop_after=3)
        await session.end(code, reason)

    return script


def error(code: str, message: str, *, top: bool = False) -> Script:
    """An error in mid-sentence, and the connection left open."""

    async def script(session: Session) -> None:
        await translate(session, stop_after=3)
        if top:
            await session.say_bare(code=code, message=message)
        else:
            await session.say("error", error={"code": code, "message": message})
        await session.rest()

    return script


@pytest.mark.parametrize("model", [FLAT, NESTED])
@pytest.mark.parametrize(
    "how",
    [
        close(1007, "Input data may contain inappropriate content."),
        error("DataInspectionFailed", "Output data may contain inappropriate content."),
        error("data_inspection_failed", "", top=True),
    ],
    ids=["closed", "error", "no type"],
)
async def test_a_sentence_refused_for_its_content_ends_itself_alone(
    how: Script, model: str
) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(how, translate) as service,
        conversation(service, heard, model, clock=QuickClock()) as talk,
    ):
        await say(talk, 1, 2, 3)
        await heard.until_ended(1)
        await say(talk, 4, 5)
        await heard.until_ended(2)
        assert service.handshakes == 2
        assert spoken(1) not in service.sessions[1].audio
    assert heard.captions() == ["1 2 3 …", "4 5"]
    assert heard.notices() == [
        "The translation service refused a sentence because of its content, so it is left out."
    ]


@pytest.mark.parametrize("model", [FLAT, NESTED])
async def test_words_of_the_protocol_are_for_the_log(
    model: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def pedantic(session: Session) -> None:
        await session.begin()
        words = "Invalid event type: input_audio_buffer.append"
        refusal = {"type": "invalid_request_error", "code": "invalid_value", "message": words}
        await session.say("error", error=refusal)
        grumble = {"type": "server_error", "code": "new", "message": "grpc error 13"}
        await session.say("error", error=grumble)
        await answer(session)

    heard = Heard()
    async with (
        nothing_left(),
        Service(pedantic) as service,
        conversation(service, heard, model, clock=QuickClock()) as talk,
    ):
        await say(talk, 1, 2, 3)
        await heard.until_ended(1)
    assert heard.captions() == ["1 2 3"]
    assert heard.notices() == [("The translation service reported an error. Words may be missing.")]
    assert "Invalid event type" in caplog.text
    assert "grpc error 13" in caplog.text


def ending(status: str, *, after: int) -> Script:
    """The first sentence breaks off after so many words, with this status."""

    async def script(session: Session) -> None:
        say = session.say
        interims = 0
        over = False

        async def breaking(kind: str, **fields: Any) -> None:
            nonlocal interims, over
            interim = kind.endswith((".delta", ".text")) and "response_id" in fields
            interims += interim
            if not over and ((interim and interims > after) or kind == "response.text.done"):
                return
            if not over and kind == "response.done":
                fields = {"response": {**fields["response"], "status": status}}
                over = True
            await say(kind, **fields)

        session.say = breaking  # type: ignore[method-assign]
        await translate(session)

    return script


FAILED = "A sentence couldn't be translated: the translation service failed."


@pytest.mark.parametrize("model", [FLAT, NESTED])
@pytest.mark.parametrize(
    ("status", "after", "captions", "told"),
    [
        ("failed", 0, ["4 5"], [FAILED]),
        ("failed", 2, ["1 2 …", "4 5"], [FAILED]),
        ("incomplete", 0, ["4 5"], [FAILED]),
        ("incomplete", 2, ["1 2 …", "4 5"], []),
        ("completed", 2, ["1 2", "4 5"], []),
    ],
)
async def test_what_did_not_end_well_does_not_look_whole(
    status: str, after: int, captions: list[str], told: list[str], model: str
) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(ending(status, after=after)) as service,
        conversation(service, heard, model, clock=QuickClock()) as talk,
    ):
        await say(talk, 1, 2, 3)
        await heard.until_ended(1)
        await say(talk, 4, 5)
        await heard.until_ended(2)
        assert service.handshakes == 1
    assert heard.captions() == captions
    assert heard.notices() == told
