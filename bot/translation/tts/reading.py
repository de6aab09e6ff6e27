"""Whose text is read aloud when: within the account's limits, and none that would come too late.

A voice that comes late helps nobody, as its caption was read meanwhile: a text that can't go out in
time is not read aloud, and one that failed for a moment is tried once more. No server has more than
its part of what is under way.
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from typing import Final

from bot.clock import Clock
from bot.domain.events import Failed, Usage, VoiceRequest
from bot.locks import KeyedLimit
from bot.logs import get_logger
from bot.translation.protocol.faults import Fault
from bot.translation.text.request_budget import RequestBudget
from bot.translation.tts.qwen_tts import ENDS_READING, SPEECH_FAILED, Said
from bot.translation.tts.qwen_tts_voices import DEFAULT, LANGUAGES, charged, parts, voice_for

log = get_logger(__name__)

PER_MINUTE: Final = 60  # requests; a new account may make more
MOST_UNDER_WAY: Final = 8
MOST_OF_SERVER: Final = 2
LATE_S: Final = 10.0  # from the translation on
MOST_TRIES: Final = 2
REFUSED_S: Final = 60.0  # the account's refusal is taken for true for so long

SendSpeech = Callable[[str, str, str, Said], Awaitable[Fault | None]]


class ReadAloud:
    """Implements `bot.domain.ports.SpeechSynthesis`. One per process.

    Args:
        send: Has one text in a language read aloud by a voice.
        clock: Tells the time and calls back.
        chance: Spreads what is tried again.
        per_minute: Requests that the account may make.
    """

    def __init__(
        self,
        send: SendSpeech,
        *,
        clock: Clock,
        chance: random.Random,
        per_minute: int = PER_MINUTE,
    ) -> None:
        self._send = send
        self._clock = clock
        self._budget = RequestBudget(per_minute, chance)
        self._of_server = KeyedLimit(MOST_OF_SERVER)
        self._under_way = asyncio.Semaphore(MOST_UNDER_WAY)
        self._waiting: set[asyncio.Event] = set()  # those that wait for their turn
        self._refused: tuple[Failed, float] | None = None  # why, and until when

    def languages(self) -> frozenset[str]:
        """Return the codes of the languages that it speaks."""
        return frozenset(LANGUAGES)

    def characters(self, text: str) -> int:
        """Return for how many characters a text is charged."""
        return charged(text)

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return len(self._waiting)

    def used(self) -> int:
        """Return how many requests were sent in the last minute."""
        return self._budget.used(self._clock.now())

    def limit_to(self, granted: int, reachable: int) -> None:
        """Send no more requests in a minute than granted; up to `reachable` would be."""
        self._budget.limit_to(granted, reachable)
        for waiting in self._waiting:
            waiting.set()

    async def speak(self, request: VoiceRequest, said: Said) -> Failed | None:
        """Have a text read aloud; return why it was not, or not to its end."""
        late_at = self._clock.now() + LATE_S
        async with self._of_server.of(request.guild_id), self._under_way:
            for part in parts(request.text):
                if (failed := await self._part(part, request, said, late_at)) is not None:
                    return failed
                late_at = self._clock.now() + LATE_S  # the one before is being heard
        return None

    async def _part(
        self, text: str, request: VoiceRequest, said: Said, late_at: float
    ) -> Failed | None:
        voice, voiced, tries = voice_for(request.voice), False, 0

        def pass_on(what: bytes | Usage) -> None:
            nonlocal voiced
            voiced = voiced or isinstance(what, bytes)
            said(what)

        while True:
            if self._refused is not None and self._clock.now() < self._refused[1]:
                return self._refused[0]
            if not await self._turn(request.guild_id, late_at):
                return _LATE
            fault = await self._tried(text, request.language, voice, pass_on)
            if fault is None:
                return None
            tries += 1
            again = fault.retryable or fault.of_voice
            if voiced or not again or tries >= MOST_TRIES:
                return self._failed(fault)
            if fault.of_voice:
                voice = DEFAULT

    async def _tried(self, text: str, language: str, voice: str, said: Said) -> Fault | None:
        try:
            fault = await self._send(text, language, voice, said)
        except Exception:
            log.exception("reading a text aloud failed")
            return SPEECH_FAILED  # whoever asked has to be told
        if fault is None:
            self._budget.served()
            return None
        if fault.of_account:
            self._budget.refused(self._clock.now())
        log.warning("a text was not read aloud", code=fault.code, detail=fault.detail)
        return fault

    def _failed(self, fault: Fault) -> Failed:
        if fault.code in ENDS_READING:
            failed = Failed(fault.code, fault.message, fatal=False)
            self._refused = failed, self._clock.now() + REFUSED_S
            return failed
        return Failed(fault.code, SPEECH_FAILED.message, fatal=False)

    async def _turn(self, guild_id: int, late_at: float) -> bool:
        """Wait until a request may go out, and count it; return False if that is too late."""
        while (now := self._clock.now()) < late_at:
            if self._budget.free(now, 1):
                self._budget.take(now, guild_id)
                return True
            free_at = max(now, self._budget.free_at())
            if late_at <= free_at < math.inf:
                return False
            await self._until(min(free_at, late_at))  # where none is granted, more may be soon
        return False

    async def _until(self, when: float) -> None:
        """Wait until a time, or until the limit has changed."""
        come = asyncio.Event()
        timer = self._clock.call_at(when, come.set)
        self._waiting.add(come)
        try:
            await come.wait()
        finally:
            self._waiting.discard(come)
            timer.cancel()


_LATE: Final = Failed("reading_late", SPEECH_FAILED.message, fatal=False)
