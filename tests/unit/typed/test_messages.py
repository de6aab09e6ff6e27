"""What a translated message takes, whose it is, and what becomes of it when the service fails."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.events import Failed, Usage
from bot.domain.spent import Spent
from bot.domain.trouble import ServiceTrouble
from bot.errors import AllowanceError, TranslationError, UsageError
from bot.tasks import TaskOwner
from bot.typed.markup import parse
from bot.typed.messages import MessageTranslator, Wanted
from bot.usage.daily_allowance import TEXT_TOKENS, Accounts
from bot.usage.ledger import Ledger
from bot.usage.prices import Prices
from tests.support.clock import ManualClock
from tests.support.records import MemorySettings
from tests.support.texts import MemoryTexts
from tests.support.usage_in_memory import MemoryUsage, daily

WANTED = Wanted(guild_id=1, user_id=7, target="en")


class TranslatorSetup:
    """A translator whose service the test is."""

    def __init__(self, limit: float = 0) -> None:
        clock = ManualClock()
        self.ledger = Ledger(
            MemoryUsage(),
            model="speech",
            text_model="text",
            tts_model="a-tts",
            clock=clock,
            wall=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        )
        self.accounts = Accounts(
            self.ledger,
            Prices(),
            host=daily(limit, clock),
            clock=clock,
            settings=MemorySettings().settings,
        )
        self.texts = MemoryTexts("en", "es")
        self.tasks = TaskOwner("test")
        self.trouble: ServiceTrouble | None = None
        self.translator = MessageTranslator(
            self.texts, self.accounts, self._terms, lambda: self.trouble
        )

    async def _terms(self, guild_id: int, target: str) -> Mapping[str, str]:
        assert (guild_id, target) == (1, "en")
        return {"parlamento": "Parley", "otro": "other"}

    async def asked(self, content: str, wanted: Wanted = WANTED) -> "asyncio.Task[str | None]":
        task = self.tasks.start(self.translator.translate(wanted, parse(content)), "asked")
        for _ in range(10):
            await asyncio.sleep(0)
        return task


def answered(setup: TranslatorSetup, **translations: str) -> None:
    for ticket in setup.texts.open():
        ticket.answer(translations[ticket.request.text.partition(" ")[0]])


async def test_each_line_is_asked_for_with_the_terms_in_it_and_counted_as_the_readers() -> None:
    setup = TranslatorSetup()
    task = await setup.asked("# Hola a todos\nParlamento <@1> dice")
    asked = [ticket.request for ticket in setup.texts.tickets]
    assert [(one.text, one.source, one.target, one.final) for one in asked] == [
        ("Hola a todos", None, "en", True),
        ("Parlamento {1} dice", None, "en", True),
    ]
    assert [dict(one.terms) for one in asked] == [{}, {"parlamento": "Parley"}]
    assert {one.guild_id for one in asked} == {1}
    setup.texts.tickets[0].answered(Usage(text_tokens_in=5))  # of a try that was of no use
    answered(setup, Hola="Hello all", Parlamento="{1} of Parley says")
    assert await task == "# Hello all\n<@1> of Parley says"
    (row,) = (await setup.ledger.spent_by_day(1, setup.ledger.day, 7)).items()
    assert (row[0].user_id, row[1]) == (7, Spent(tokens_in=7))


async def test_what_loses_a_mention_is_translated_around_it() -> None:
    setup = TranslatorSetup()
    task = await setup.asked("Hola <@1> amigo")
    answered(setup, Hola="Hello friend")
    for _ in range(10):
        await asyncio.sleep(0)
    answered(setup, Hola="Hello", amigo="friend")
    assert await task == "Hello <@1> friend"


async def test_what_is_in_the_readers_language_is_told_so() -> None:
    setup = TranslatorSetup()
    task = await setup.asked("Hello, all!\nHow are you?")
    answered(setup, **{"Hello,": "Hello all.", "How": "How are you?"})
    assert await task is None
    known = await setup.asked("Hello", Wanted(1, 7, "en", source="en"))
    assert await known is None
    assert len(setup.texts.tickets) == 2  # the last one was not asked for


async def test_names_alone_do_not_make_the_rest_the_readers() -> None:
    setup = TranslatorSetup()
    task = await setup.asked("Parley\nHola")
    answered(setup, Parley="Parley", Hola="Hello")
    assert await task == "Parley\nHello"


async def test_without_words_nothing_is_asked_for() -> None:
    setup = TranslatorSetup()
    with pytest.raises(UsageError, match="no text"):
        await (await setup.asked("😀 <@1>"))
    assert setup.texts.tickets == []


async def test_a_failure_is_said_and_what_waits_is_taken_back() -> None:
    setup = TranslatorSetup()
    task = await setup.asked("Hola\nAmigo")
    setup.texts.tickets[0].fail()
    with pytest.raises(TranslationError, match=r"^No\.$"):
        await task
    assert setup.texts.tickets[1].cancelled
    setup.texts.tickets[1].answer("late")  # counted all the same
    assert setup.ledger.text_tokens(1) == 1


async def test_why_the_service_can_not_be_used_is_said_as_members_are_to_read_it() -> None:
    setup = TranslatorSetup()
    task = await setup.asked("Hola")
    setup.trouble = ServiceTrouble(
        "bad_key", "The service refuses this bot's key.", 0.0, final=True
    )
    failed = Failed("bad_key", "Check DASHSCOPE_API_KEY.", fatal=True, of_service=True)
    setup.texts.tickets[0].answered(failed)
    with pytest.raises(TranslationError, match="refuses this bot's key"):
        await task


async def test_who_asks_no_longer_leaves_nothing_waiting() -> None:
    setup = TranslatorSetup()
    task = await setup.asked("Hola")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert setup.texts.tickets[0].cancelled


@pytest.mark.parametrize(
    ("usage", "said"),
    [
        (Usage(audio_in_s=60.0), "has used its 1 translation minute for today"),
        (Usage(text_tokens_in=TEXT_TOKENS), "as much text as it can today"),
        (Usage(text_tokens_out=TEXT_TOKENS), "as much text as it can today"),
    ],
)
async def test_a_server_that_has_used_up_its_day_gets_no_text(usage: Usage, said: str) -> None:
    setup = TranslatorSetup(limit=1)
    setup.ledger.used(1, 2, usage)
    with pytest.raises(AllowanceError, match=said):
        await (await setup.asked("Hola"))
    assert setup.texts.tickets == []


async def test_without_a_limit_texts_have_none() -> None:
    setup = TranslatorSetup(limit=0)
    setup.ledger.used(1, 2, Usage(text_tokens_in=10**9))
    task: asyncio.Task[Any] = await setup.asked("Hola")
    answered(setup, Hola="Hello")
    assert await task == "Hello"


async def test_texts_that_are_asked_for_at_once_do_not_all_pass_a_limit_together() -> None:
    setup = TranslatorSetup(limit=0.01)  # 100 tokens
    first = await setup.asked("Hola a" + "a" * 120)
    second = await setup.asked("Hola b" + "b" * 120)
    third = await setup.asked("Hola c" + "c" * 120)
    assert len(setup.texts.open()) == 1
    for refused in (second, third):
        with pytest.raises(AllowanceError):
            await refused
    answered(setup, Hola="Hello")
    assert await first == "Hello"
    again = await setup.asked("Hola")  # what it took is counted by now, and it was little
    assert setup.texts.open()
    answered(setup, Hola="Hello")
    await again
    await setup.tasks.close()
    await setup.ledger.close()
