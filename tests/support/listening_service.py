"""A translation service that nobody tells who speaks: it hears their pitch, and counts.

It stands on loopback in the place of the cloud, for conversations (a websocket) and for texts
(HTTP), and "translates" speech into words that say whose utterance it was, which of theirs, and
into what: `de3n5` is the German of the sixth utterance of the fourth pitch. Finals end with a full
stop, interims without.
"""

import asyncio
import random
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tests.integration.translation.text_service import TextRoutes
from tests.integration.translation.translation_service import Session
from tests.support.speech_by_pitch import Ear

RATE: Final = 16_000
SOURCE: Final = "fr"
CHUNKS_PER_S: Final = 10
_FIRST_INTERIM: Final = 10  # chunks of speech; then one each
_INTERIM_EACH: Final = 5
_WORD_CHUNKS: Final = 3
_LAG_S: Final = 0.4  # a translation is final up to so long after the silence that ended it
_SOURCE_LAG_S: Final = 0.5  # the original follows the translation by up to so much
_TEXT_TAKES_S: Final = 0.3
_TOKENS_PER_S: Final = 12.5


def pitch(speaker: int) -> int:
    """The hertz at which a speaker hums."""
    return 300 + 220 * speaker


def hum(speaker: int, seconds: float) -> bytes:
    """Speech of theirs: PCM16, 16 kHz, mono."""
    at = np.arange(round(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * pitch(speaker) * at) * 8000).astype("<i2").tobytes()


@dataclass(frozen=True, slots=True)
class Said:
    """A final as the service sent it, `at` which loop second."""

    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """Which utterance of whom is translated into what."""

    target: str
    speaker: int
    number: int


class ListeningService:
    """The scripts of both services, and what they heard and said.

    Args:
        speakers: How many pitches there are.
        chance: How long originals take.

    Attributes:
        finals: By their word.
        heard: Chunks with speech, by language of the conversation and speaker.
        astray: What no bot may do, a line each.
        texts: Answers the texts.
        refuses: Languages of which every other conversation breaks off as it begins.
        broken: How many did.
    """

    def __init__(self, speakers: int, chance: random.Random) -> None:
        self.finals: dict[str, Said] = {}
        self.heard: Counter[tuple[str, int]] = Counter()
        self.astray: list[str] = []
        self.texts = TextRoutes(takes_s=_TEXT_TAKES_S, says=self._translate)
        self.chance = chance
        self.refuses: frozenset[str] = frozenset()
        self.broken = 0
        self._begun = 0
        self._ear = Ear([pitch(speaker) for speaker in range(speakers)])
        self._spoken: Counter[tuple[str, int]] = Counter()
        self._responses = 0

    async def converse(self, session: Session) -> None:
        """One conversation, as the service leads it; for `Service`."""
        await session.begin()
        target = session.settings["translation"]["language"]
        self._begun += 1
        if target in self.refuses and self._begun % 2:
            self.broken += 1
            await session.end(1011, "Internal error.")
            return
        silence = session.settings["turn_detection"]["silence_duration_ms"] * CHUNKS_PER_S // 1000
        utterance: _Utterance | None = None
        count = quiet = 0
        async with asyncio.TaskGroup() as originals:
            async for chunk in session.chunks():
                count += 1
                speaker = self._who(chunk)
                quiet = 0 if speaker is not None else quiet + 1
                if speaker is not None:
                    self.heard[target, speaker] += 1
                    if utterance is None:
                        utterance = self._begin(session, target, speaker)
                        await utterance.begin(count * 100)
                    await utterance.grow(speaker)
                elif utterance is not None and quiet >= silence:
                    await utterance.end(count * 100)
                    originals.create_task(utterance.original())
                    utterance = None
            if utterance is not None:
                await utterance.end(count * 100)
                originals.create_task(utterance.original())
        if session.finished:
            await session.say("session.finished")
            await session.rest()

    def said(self, text: str) -> None:
        """A final goes out."""
        word = text.partition(" ")[0].removesuffix(".")
        if word in self.finals:
            self.astray.append(f"asked twice for {word}")
        self.finals[word] = Said(text, asyncio.get_running_loop().time())

    def _begin(self, session: Session, target: str, speaker: int) -> "_Utterance":
        number = self._spoken[target, speaker]
        self._spoken[target, speaker] += 1
        self._responses += 1
        return _Utterance(self, session, Spoken(target, speaker, number), self._responses)

    def _who(self, chunk: bytes) -> int | None:
        """The speaker whose pitch this is; None is silence."""
        heard = self._ear.heard(chunk)
        if len(heard) > 1:
            self.astray.append(f"pitches mixed in one conversation: {sorted(heard)}")
        loudest = max(heard, key=lambda hertz: heard[hertz], default=None)
        return None if loudest is None else (loudest - pitch(0)) // (pitch(1) - pitch(0))

    def _translate(self, target: str, source: str) -> str:
        text = re.sub(rf"\b{SOURCE}(?=\d)", target, source)
        if text == source:
            self.astray.append(f"asked for the translation of {source}")
        elif text.endswith("."):
            self.said(text)
        return text


class _Utterance:
    """What is said of one utterance, in the service's order of events.

    Args:
        service: Keeps the books.
        session: Where it is said.
        spoken: What it is.
        response: Counts all utterances.
    """

    def __init__(
        self, service: ListeningService, session: Session, spoken: Spoken, response: int
    ) -> None:
        self._service = service
        self._session = session
        self._spoken = spoken
        self._chunks = 0
        self._item = f"item_asr_{response}"
        self._response = f"resp_{response}"
        self._ids: dict[str, Any] = {
            "response_id": self._response,
            "item_id": f"item_{response}",
            "output_index": 0,
            "content_index": 0,
        }

    def _words(self, language: str) -> str:
        word = f"{language}{self._spoken.speaker}n{self._spoken.number}"
        return " ".join([word] * (1 + self._chunks // _WORD_CHUNKS))

    async def begin(self, at_ms: int) -> None:
        await self._session.say("input_audio_buffer.speech_started", audio_start_ms=at_ms)
        await self._session.say("response.created", response={"id": self._response})

    async def grow(self, speaker: int) -> None:
        """One more chunk of it."""
        if speaker != self._spoken.speaker:
            self._service.astray.append(f"{speaker} spoke in an utterance of {self._spoken}")
        self._chunks += 1
        if self._chunks < _FIRST_INTERIM or self._chunks % _INTERIM_EACH:
            return
        done, _, stash = self._words(self._spoken.target).rpartition(" ")
        await self._session.say("response.text.text", text=done, stash=f" {stash}", **self._ids)
        done, _, stash = self._words(SOURCE).rpartition(" ")
        await self._session.say(
            "conversation.item.input_audio_transcription.text",
            item_id=self._item,
            text=done,
            stash=f" {stash}",
            language=SOURCE,
        )

    async def end(self, at_ms: int) -> None:
        """Its translation is final; nothing else is heard until it is."""
        await asyncio.sleep(self._service.chance.uniform(0, _LAG_S))
        text = f"{self._words(self._spoken.target)}."
        self._service.said(text)
        await self._session.say("response.text.done", text=text, **self._ids)
        await self._session.say("input_audio_buffer.speech_stopped", audio_end_ms=at_ms)

    async def original(self) -> None:
        """What was really said, some time later; the next utterance may have begun."""
        await asyncio.sleep(self._service.chance.uniform(0, _SOURCE_LAG_S))
        await self._session.say(
            "conversation.item.input_audio_transcription.completed",
            item_id=self._item,
            content_index=0,
            transcript=f"{self._words(SOURCE)}.",
            language=SOURCE,
        )
        seconds = self._chunks / CHUNKS_PER_S
        tokens = round(seconds * _TOKENS_PER_S)
        await self._session.say(
            "response.done",
            response={
                "id": self._response,
                "status": "completed",
                "usage": {"input_tokens": tokens, "output_tokens": tokens},
            },
        )
