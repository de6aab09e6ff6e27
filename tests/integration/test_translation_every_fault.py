"""What the people read when the service fails in each of the ways it is known to."""

import asyncio
from dataclasses import dataclass

import pytest

from bot.room.events import ConversationState
from tests.integration.translation_room import (
    FLAT,
    NESTED,
    Heard,
    QuickClock,
    conversation,
    nothing_left,
    say,
)
from tests.integration.translation_service import Script, Service, Session, translate

SILENCE = "grpc error: statusCode=504, message=Response stream timeout (timeout_seconds=300, x)"
POOL = ("COMMON_ERROR", "thread pool exhausted max_workers 100")


def close(code: int, reason: str = "") -> Script:
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


async def reset(session: Session) -> None:
    await translate(session, stop_after=3)
    session.reset()


async def repeats(session: Session) -> None:
    await translate(session, stop_after=3)
    again = {"code": "COMMON_ERROR", "message": "model repeat output happened"}
    await session.say("error", error=again)
    await session.end(1011, "model repeat output happened")


async def ends_at_once(session: Session) -> None:
    await session.begin()
    await session.end(1000, "")


@dataclass(frozen=True)
class Case:
    """A way to fail that heals.

    Attributes:
        scripts: Of the connections that fail, in turn.
        says: Begins of the notices; none when nobody has to know.
    """

    name: str
    scripts: tuple[Script, ...]
    says: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


BUSY = "The translation service is overloaded"
REFUSING = "The translation service is refusing requests for a moment"
HEALING = [
    Case("closed", (close(1000),)),
    Case("going away", (close(1001, "server restarting"),)),
    Case("internal error", (close(1011, "Internal server error"),)),
    Case("reset", (reset,)),
    Case("reset twice", (reset, reset)),
    Case("closed at once", (ends_at_once,)),
    Case("repeated output", (repeats,)),
    Case(
        "rate limit",
        (close(1007, "Requests rate limit exceeded, please try again later."),),
        (REFUSING,),
    ),
    Case("burst", (error("Throttling", "Request rate increased too quickly"),), (REFUSING,)),
    Case("thread pool", (error(*POOL),), (BUSY,)),
    Case("thread pool twice", (error(*POOL), error(*POOL)), (BUSY,)),
    Case("thread pool, no type", (error(*POOL, top=True),), (BUSY,)),
]


@pytest.mark.parametrize("model", [FLAT, NESTED])
@pytest.mark.parametrize("case", HEALING, ids=str)
async def test_a_failure_that_heals_leaves_the_whole_sentence_once(case: Case, model: str) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(*case.scripts, translate) as service,
        conversation(service, heard, model, clock=QuickClock()) as talk,
    ):
        await say(talk, 1, 2, 3, 4, 5)
        await heard.until(lambda h: h.ended() == [1])
        assert service.handshakes == len(case.scripts) + 1
    assert heard.captions() == ["1 2 3 4 5"]
    assert len(heard.notices()) == len(case.says)
    for notice, begin in zip(heard.notices(), case.says, strict=True):
        assert notice.startswith(begin)


@pytest.mark.parametrize("model", [FLAT, NESTED])
@pytest.mark.parametrize(
    ("script", "says"),
    [
        (
            error("Arrearage", "Access denied, please make sure your account is in good standing."),
            "top it up",
        ),
        (error("AllocatedQuotaExceeded", "Allocated quota exceeded."), "top it up"),
        (error("InsufficientQuota", "You exceeded your current quota.", top=True), "top it up"),
        (error("invalid_api_key", "Incorrect API key provided."), "DASHSCOPE_API_KEY"),
        (close(1007, "Workspace access denied"), "workspace"),
        (close(1008, "Policy."), "Policy"),
    ],
    ids=["arrears", "allocation", "quota", "key revoked", "workspace", "policy"],
)
async def test_a_failure_for_good_leaves_what_there_is_and_says_what_to_do_once(
    script: Script, says: str, model: str
) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(script, translate) as service,
        conversation(service, heard, model, clock=QuickClock()) as talk,
    ):
        await say(talk, 1, 2, 3, 4, 5)
        await heard.until(lambda h: h.states()[-1:] == [ConversationState.CLOSED])
        await say(talk, 6, 7)
        await asyncio.sleep(0.2)
        assert service.handshakes == 1
    assert heard.captions() == ["1 2 3"]
    assert [says in notice for notice in heard.notices()] == [True]


@pytest.mark.parametrize(("status", "says"), [(429, REFUSING), (500, BUSY), (503, BUSY)])
async def test_a_busy_handshake_is_told_once_and_keeps_the_words(status: int, says: str) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(translate, refuse=status) as service,
        conversation(service, heard, clock=QuickClock()) as talk,
    ):
        await say(talk, 1, 2, 3)
        await service.shaken_hands(2)
        service.accept()
        await heard.until(lambda h: h.ended() == [1])
    assert heard.captions() == ["1 2 3"]
    assert [notice.startswith(says) for notice in heard.notices()] == [True]


async def test_a_handshake_that_hangs_is_given_up_and_made_anew() -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(translate, handshake_s=[30.0, 0.0]) as service,
        conversation(service, heard, clock=QuickClock()) as talk,
    ):
        await say(talk, 1, 2, 3)
        await heard.until(lambda h: h.ended() == [1])
        assert service.handshakes == 2
    assert heard.captions() == ["1 2 3"]
    assert heard.notices() == ["The translation service does not answer; trying again."]


def timed_out(kind: str) -> Script:
    """One sentence, and after a long silence the service's timeout."""

    async def script(session: Session) -> None:
        await translate(session, sentences=1)
        failure = {
            "type": "transcription_error",
            "code": "UNEXPECTED_ASR_ERROR",
            "message": SILENCE,
        }
        await session.say(kind, error=failure)
        await session.rest()

    return script


@pytest.mark.parametrize("model", [FLAT, NESTED])
@pytest.mark.parametrize("kind", ["error", "conversation.item.input_audio_transcription.failed"])
async def test_a_session_ended_for_its_silence_opens_again_with_the_next_speech(
    kind: str, model: str
) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(timed_out(kind), translate) as service,
        conversation(service, heard, model, clock=QuickClock()) as talk,
    ):
        await say(talk, 1, 2)
        await heard.until(lambda h: h.states()[-1:] == [ConversationState.IDLE])
        await asyncio.sleep(0.1)
        assert service.handshakes == 1, "never opened for silence"
        await say(talk, 3, 4)
        await heard.until(lambda h: h.ended() == [1, 2])
    assert heard.captions() == ["1 2", "3 4"]
    assert heard.notices() == []


async def voice_refused(session: Session) -> None:
    await session.begin()
    reason = "InternalError.Algo.InvalidParameter: Voice 'Tina' is not supported."
    await session.end(1011, reason)


async def language_unspoken(session: Session) -> None:
    await session.say("session.created", session={"id": "sess_1"})
    message = "Language 'xx' does not support audio output; use the modality ['text']."
    refusal = {"type": "invalid_request_error", "code": "invalid_value", "message": message}
    await session.say("error", error=refusal)
    await session.rest()


@pytest.mark.parametrize("model", [FLAT, NESTED])
@pytest.mark.parametrize("script", [voice_refused, language_unspoken])
async def test_captions_go_on_without_the_voice_the_service_refuses(
    script: Script, model: str
) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(script, translate) as service,
        conversation(service, heard, model, voice=True, clock=QuickClock()) as talk,
    ):
        await say(talk, 1, 2, 3)
        await heard.until(lambda h: h.ended() == [1])
        settings = service.sessions[1].settings
        assert settings.get("modalities", settings.get("output_modalities")) == ["text"]
    assert heard.captions() == ["1 2 3"]
    (notice,) = heard.notices()
    assert notice.endswith("Until then the translation comes as text only.")


@pytest.mark.parametrize(("model", "target"), [(FLAT, "th"), (NESTED, "uk")])
async def test_a_language_known_to_be_text_only_is_never_asked_for_audio(
    model: str, target: str
) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(translate) as service,
        conversation(service, heard, model, voice=True, target=target) as talk,
    ):
        await say(talk, 1, 2, 3)
        await heard.until(lambda h: h.ended() == [1])
        settings = service.sessions[0].settings
        assert settings.get("modalities", settings.get("output_modalities")) == ["text"]
    assert len(heard.captions()) == 1
    (notice,) = heard.notices()
    assert notice.endswith("can be written but not spoken: it comes as text.")
