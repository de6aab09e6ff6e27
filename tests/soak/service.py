"""The scripted service of the soak: hears which sentence is said, and fails as it is told to."""

import asyncio
import json
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from tests.integration.translation.text_service import Asked, TextRoutes
from tests.integration.translation.translation_service import Session
from tests.soak.sentences import silent, tag

Failure = Callable[[Session], Awaitable[None]]

_FIRST_INTERIM: Final = 8
_INTERIM_EACH: Final = 5
_LAG_S: Final = 0.4
_REST_S: Final = 45.0  # of a session that failed without an end, before it is given up here too


def closes(code: int, reason: str) -> Failure:
    """Return what ends the connection."""

    async def fail(session: Session) -> None:
        await session.end(code, reason)

    return fail


def errs(code: str, message: str, *, bare: bool = False) -> Failure:
    """Return what reports an error and leaves the connection open."""

    async def fail(session: Session) -> None:
        if bare:
            await session.say_bare(code=code, message=message)
        else:
            await session.say("error", error={"code": code, "message": message})
        await _rests(session)

    return fail


async def resets(session: Session) -> None:
    """Drop the connection without a word."""
    session.reset()


async def freezes(session: Session) -> None:
    """Read no more and answer no more."""
    session.freeze()
    await asyncio.sleep(_REST_S)


async def stalls(session: Session) -> None:
    """Read on, and say nothing more."""
    await _rests(session)


async def repeats(session: Session) -> None:
    """Break off as its model repeats itself."""
    message = "model repeat output happened"
    await session.say("error", error={"code": "COMMON_ERROR", "message": message})
    await session.end(1011, message)


async def babbles(session: Session) -> None:
    """Say what is no JSON."""
    await session.say_raw('{"type": "response.text.te')
    await _rests(session)


async def _rests(session: Session) -> None:
    try:
        async with asyncio.timeout(_REST_S):
            await session.rest()
    except TimeoutError:
        return


FAILURES: Final[dict[str, Failure]] = {
    "closes 1000": closes(1000, ""),
    "closes 1001": closes(1001, "server restarting"),
    "closes 1008": closes(1008, "Session duration exceeded the limit."),
    "closes 1011": closes(1011, "Internal server error"),
    "rate limit": closes(1007, "Requests rate limit exceeded, please try again later."),
    "quota, closed": closes(1007, "You exceeded your current quota, please check your plan."),
    "quota": errs("insufficient_quota", "You exceeded your current quota."),
    "throttled": errs("Throttling", "Request rate increased too quickly"),
    "overloaded": errs("COMMON_ERROR", "thread pool exhausted max_workers 100"),
    "overloaded, no type": errs("COMMON_ERROR", "thread pool exhausted", bare=True),
    "internal error": errs("InternalError.Algo", "An internal error has occured."),
    "timed out": errs("RequestTimeOut", "Request timed out."),
    "unknown error": errs("new_code", "Something else."),
    "resets": resets,
    "freezes": freezes,
    "stalls": stalls,
    "repeats": repeats,
    "babbles": babbles,
}


class SoakService:
    """The scripts of both services.

    Args:
        sentence: Returns the number of the sentence that has a tag now, if any.
        chance: How long answers take.

    Attributes:
        heard: Chunks of each sentence in the finals that were sent.
        text_status: What text requests are answered with; 200 translates.
        failed: How often each failure befell a conversation.
        mixed: How often two sentences' tones were in one chunk.
    """

    def __init__(self, sentence: Callable[[int], int | None], chance: random.Random) -> None:
        self.heard: Counter[int] = Counter()
        self.text_status = 200
        self.failed: Counter[str] = Counter()
        self.texts = TextRoutes(takes_s=0.1, refuse=self._refuse, says=lambda _, text: text)
        self._sentence = sentence
        self._chance = chance
        self._ordered: deque[str] = deque(maxlen=64)
        self._responses = 0

    def order(self, failure: str, times: int) -> None:
        """Let the next conversations that hear somebody fail."""
        self._ordered.extend([failure] * times)

    def calm(self) -> None:
        """Let nothing fail any more."""
        self._ordered.clear()
        self.text_status = 200

    def _refuse(self, _: Asked) -> tuple[int, str, str] | None:
        if self.text_status == 200:
            return None
        code = "Throttling.RateQuota" if self.text_status == 429 else "InternalError"
        return self.text_status, code, "Refused by the soak."

    async def converse(self, session: Session) -> None:
        """One conversation, as the service leads it."""
        await session.begin()
        silence = session.settings["turn_detection"]["silence_duration_ms"] // 100
        utterance: _Utterance | None = None
        quiet = count = 0
        async for chunk in session.chunks():
            count += 1
            if silent(chunk):
                quiet += 1
                if utterance is not None and quiet >= silence:
                    await utterance.end(count * 100)
                    utterance = None
                continue
            quiet = 0
            if utterance is None:
                self._responses += 1
                utterance = _Utterance(self, session, self._responses)
                await utterance.begin(count * 100)
            found = tag(chunk)
            if found is not None and (number := self._sentence(found)) is not None:
                utterance.heard[number] += 1
            await utterance.grow()
            if self._ordered and utterance.chunks > self._chance.randint(1, 12):
                failure = self._ordered.popleft()
                self.failed[failure] += 1
                await FAILURES[failure](session)
                return
        if utterance is not None:
            await utterance.end(count * 100)
        if session.finished:
            await session.say("session.finished")
            await session.rest()

    def lag_s(self) -> float:
        """Return how long an answer takes."""
        return self._chance.uniform(0.05, _LAG_S)


class _Utterance:
    """One stretch of speech, said as "s12x31": 31 chunks of sentence 12."""

    def __init__(self, service: SoakService, session: Session, response: int) -> None:
        self.heard: Counter[int] = Counter()
        self.chunks = 0
        self._service = service
        self._session = session
        self._response = f"resp_{response}"
        self._item = f"item_asr_{response}"
        self._ids: dict[str, Any] = {
            "response_id": self._response,
            "item_id": f"item_{response}",
            "output_index": 0,
            "content_index": 0,
        }

    def _text(self) -> str:
        # Where packets are lost, what libopus makes up for them may sound like other tones.
        least = max(1, sum(self.heard.values()) // 5)
        return " ".join(
            f"s{number}x{count}" for number, count in self.heard.items() if count > least
        )

    @property
    def _spoken(self) -> bool:
        settings = self._session.settings
        return "audio" in str(settings.get("modalities") or settings.get("output_modalities"))

    async def begin(self, at_ms: int) -> None:
        await self._session.say("input_audio_buffer.speech_started", audio_start_ms=at_ms)
        await self._session.say("response.created", response={"id": self._response})

    async def grow(self) -> None:
        self.chunks += 1
        if self.chunks < _FIRST_INTERIM or self.chunks % _INTERIM_EACH or not self._text():
            return
        kind = "response.audio_transcript.text" if self._spoken else "response.text.text"
        await self._session.say(kind, text=self._text(), stash="", **self._ids)

    async def end(self, at_ms: int) -> None:
        await asyncio.sleep(self._service.lag_s())
        text, spoken = f"{self._text()}.", self._spoken
        if spoken:
            voice = json.dumps({"delta": "AAAA" * 1600})  # 100 ms of silence
            await self._session.say("response.audio.delta", **json.loads(voice), **self._ids)
        if self._text():
            self._service.heard.update(self.heard)
            kind = "response.audio_transcript" if spoken else "response.text"
            key = "transcript" if spoken else "text"
            await self._session.say(f"{kind}.done", **{key: text}, **self._ids)
        await self._session.say("input_audio_buffer.speech_stopped", audio_end_ms=at_ms)
        source = "conversation.item.input_audio_transcription.completed"
        await self._session.say(
            source, item_id=self._item, content_index=0, transcript=text, language="fr"
        )
        usage = {"input_tokens": self.chunks, "output_tokens": self.chunks}
        await self._session.say(
            "response.done",
            response={"id": self._response, "status": "completed", "usage": usage},
        )
