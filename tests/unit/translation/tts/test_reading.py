"""Whose typed words are read aloud when, and what becomes of a failure; in simulated time."""

import asyncio
import random
from collections.abc import Callable

from bot.domain.events import Failed, Usage, VoiceRequest
from bot.tasks import TaskOwner
from bot.translation.protocol import faults
from bot.translation.protocol.faults import Fault
from bot.translation.tts.qwen_tts import NO_TTS_MODEL, SPEECH_FAILED, SPEECH_REFUSED, Said
from bot.translation.tts.reading import LATE_S, REFUSED_S, ReadAloud
from tests.support.clock import ManualClock

HELLO = VoiceRequest("Hello.", "en", "Tina", guild_id=1)


class Account:
    """The service's end: answers with a piece of voice, or with the faults given, in turn."""

    def __init__(self, *outcomes: Fault | None, per_minute: int = 600) -> None:
        self.clock = ManualClock()
        self.outcomes = list(outcomes)
        self.sent: list[tuple[str, str]] = []  # text and voice
        self.heard: list[bytes | Usage] = []
        self.blocked: asyncio.Event | None = None
        self.late_fault: Callable[[], None] = lambda: None
        self.reading = ReadAloud(
            self._send, clock=self.clock, chance=random.Random(1), per_minute=per_minute
        )

    async def _send(self, text: str, language: str, voice: str, said: Said) -> Fault | None:
        assert language == "en"
        self.sent.append((text, voice))
        if self.blocked is not None:
            await self.blocked.wait()
        fault = self.outcomes.pop(0) if self.outcomes else None
        if fault is None:
            said(b"\0\0")
        return fault

    async def ask(self, request: VoiceRequest = HELLO) -> Failed | None:
        return await self.reading.speak(request, self.heard.append)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_text_is_read_in_the_like_of_its_members_voice() -> None:
    account = Account()
    assert await account.ask() is None
    assert account.sent == [("Hello.", "Cherry")]
    assert account.heard == [b"\0\0"]


async def test_a_voice_that_is_refused_is_replaced_by_the_models_default() -> None:
    account = Account(faults.BAD_VOICE)
    assert await account.ask(VoiceRequest("Hello.", "en", "Ryan")) is None
    assert [voice for _, voice in account.sent] == ["Ryan", "Cherry"]


async def test_what_may_pass_is_tried_once_more_and_what_is_refused_is_not() -> None:
    account = Account(faults.OVERLOADED)
    assert await account.ask() is None
    assert len(account.sent) == 2
    account = Account(faults.OVERLOADED, faults.OVERLOADED)
    assert await account.ask() == Failed("overloaded", SPEECH_FAILED.message, fatal=False)
    account = Account(SPEECH_REFUSED)
    assert await account.ask() == Failed("reading_refused", SPEECH_FAILED.message, fatal=False)
    assert len(account.sent) == 1


async def test_the_accounts_refusal_holds_for_a_while() -> None:
    account = Account(NO_TTS_MODEL)
    refused = Failed("no_tts_model", NO_TTS_MODEL.message, fatal=False)
    assert await account.ask() == refused
    assert await account.ask() == refused
    assert len(account.sent) == 1
    account.clock.advance_to(account.clock.now() + REFUSED_S)
    assert await account.ask() is None


async def test_what_can_not_go_out_in_time_is_not_read() -> None:
    account = Account(per_minute=1)
    assert await account.ask() is None
    late = await account.ask()
    assert late is not None
    assert late.code == "reading_late"
    assert len(account.sent) == 1


async def test_after_a_refusal_for_the_rate_it_rests_and_goes_on() -> None:
    account = Account(faults.RATE_LIMITED)
    tasks = TaskOwner("test")
    asking = tasks.start(account.ask(), "ask")
    await settle()
    assert len(account.sent) == 1
    account.clock.advance_to(account.clock.now() + LATE_S / 2)
    assert await asking is None
    assert len(account.sent) == 2
    await tasks.close()


async def test_a_process_waits_for_what_it_is_granted_of_the_accounts_limit() -> None:
    account = Account()
    account.reading.limit_to(0, 1)
    tasks = TaskOwner("test")
    first = tasks.start(account.ask(), "first")
    await settle()
    assert (account.reading.waiting, account.reading.used()) == (1, 0)
    account.reading.limit_to(1, 1)
    assert await first is None
    assert (account.reading.waiting, account.reading.used()) == (0, 1)
    account.reading.limit_to(0, 1)
    second = tasks.start(account.ask(), "second")
    await settle()
    account.clock.advance_to(account.clock.now() + LATE_S)
    late = await second
    assert late is not None
    assert late.code == "reading_late"
    await tasks.close()


async def test_a_server_does_not_hold_up_another() -> None:
    account = Account()
    account.blocked = asyncio.Event()
    tasks = TaskOwner("test")
    for text in ("one", "two", "three"):
        tasks.start(account.ask(VoiceRequest(text, "en", guild_id=1)), text)
    await settle()
    account.clock.advance_to(account.clock.now() + 1)
    tasks.start(account.ask(VoiceRequest("other", "en", guild_id=2)), "other")
    await settle()
    account.clock.advance_to(account.clock.now() + 1)
    await settle()
    assert {text for text, _ in account.sent} == {"one", "two", "other"}
    account.blocked.set()
    await tasks.drain()
    await tasks.close()
