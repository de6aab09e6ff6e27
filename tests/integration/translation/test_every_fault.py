"""What the people read when the service fails in each of the ways it is known to."""

import asyncio
import json
from dataclasses import dataclass

import pytest

from bot.domain.events import ConversationState
from tests.integration.translation.translation_room import (
    FLAT,
    NESTED,
    Heard,
    QuickClock,
    conversation,
    nothing_left,
    say,
)
from tests.integration.translation.translation_service import Script, Service, Session, translate

SILENCE = "grpc error: statusCode=504, message=Response stream timeout (timeout_seconds=300, x)"
QUOTA = (
    "Allocated quota exceeded, please increase your quota limit. For details, see: "
    "https://help.aliyun.com/zh/model-studio/error-code#token-limit"
)
PLAN = "You exceeded your current quota, please check your plan and billing details."
LATER = "An internal error has occured, please try again later or contact service support."
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


def begins_badly(code: str, message: str) -> Script:
    """An error instead of settings that are taken, and the connection left open."""

    async def script(session: Session) -> None:
        await session.say("session.created", session={"id": "sess_1"})
        await anext(session.events())
        error = {"type": "server_error", "code": code, "message": message}
        await session.say("error", error=error)
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
TOKENS = "The translation account has used its tokens for this minute. Trying again."
ERROR = "The translation service reported an error. Trying again."
SILENT = "The translation service isn't answering. Trying again."
REFUSING = "The translation service is refusing requests right now"
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
    Case("tokens, closed", (close(1007, QUOTA[:120]),), (TOKENS,)),
    Case("tokens, also closed", (close(1007, PLAN),), (TOKENS,)),
    Case("tokens", (error("Throttling.AllocationQuota", QUOTA),), (TOKENS,)),
    Case("tokens, by another name", (error("insufficient_quota", PLAN),), (TOKENS,)),
    Case("tokens, no type", (error("InsufficientQuota", PLAN, top=True),), (TOKENS,)),
    Case("tokens at the beginning", (begins_badly("AllocatedQuotaExceeded", QUOTA),), (TOKENS,)),
    Case("requests", (close(1007, "You exceeded your current requests list."),), (REFUSING,)),
    Case("burst, by its code", (error("limit_burst_rate", ""),), (REFUSING,)),
    Case("error at the beginning", (begins_badly("InternalError", LATER),), (ERROR,)),
    Case("algorithm", (begins_badly("InternalError.Algo", LATER),), (ERROR,)),
    Case("algorithm twice", (begins_badly("InternalError.Algo", LATER),) * 2, (ERROR,)),
    Case("time", (begins_badly("RequestTimeOut", "Request timed out."),), (SILENT,)),
    Case("time in the middle", (error("RequestTimeOut", "Request timed out."),), (SILENT,)),
    Case("server at the beginning", (begins_badly("server_error", "Had an error."),), (ERROR,)),
    Case("what nobody knows", (begins_badly("new_code", "Something else."),), (ERROR,)),
    Case("session expired", (close(1008, "Session duration exceeded the limit."),)),
    Case("policy", (close(1008, "Policy."),)),
    Case("data", (close(1007, "Something about data."),)),
    Case("error that closes", (close(1011, "InternalError.Algo: please try again."),), (ERROR,)),
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
            "a bill is overdue",
        ),
        (error("PostpaidBillOverdue", "The postpaid bill is overdue."), "a bill is overdue"),
        (
            error("AllocationQuota.FreeTierOnly", "The free tier of the model has been exhausted."),
            "free quota",
        ),
        (error("invalid_api_key", "Incorrect API key provided."), "DASHSCOPE_API_KEY"),
        (close(1007, "Workspace access denied"), "workspace"),
        (
            close(1011, "InternalError.Algo.InvalidParameter: Language 'xx' is unknown."),
            "Language 'xx' is unknown",
        ),
    ],
    ids=["arrears", "overdue", "free tier", "key revoked", "workspace", "parameter"],
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
    assert heard.captions() == ["1 2 3 …"]
    assert [says in notice for notice in heard.notices()] == [True]


def body(code: str, message: str, *, nested: bool = False) -> str:
    said = {"code": code, "message": message}
    return json.dumps({"error": said} if nested else said)


@pytest.mark.parametrize(
    ("status", "refusal", "says"),
    [
        (429, "", REFUSING),
        (500, "", ERROR),
        (503, "", BUSY),
        (429, body("Throttling.AllocationQuota", QUOTA), TOKENS),
        (429, body("insufficient_quota", PLAN, nested=True), TOKENS),
        (429, body("limit_requests", "", nested=True), REFUSING),
        (400, body("InternalError", LATER), ERROR),
        (418, "", "The translation service refused the connection (HTTP 418). Trying again."),
    ],
)
async def test_a_busy_handshake_is_told_once_and_keeps_the_words(
    status: int, refusal: str, says: str
) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(translate, refuse=status, refusal=refusal) as service,
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
    assert heard.notices() == ["The translation service isn't answering. Trying again."]


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
    assert notice.endswith("Until then, translation is text only.")


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
    assert notice.endswith("is available as text only; it can't be read aloud.")
