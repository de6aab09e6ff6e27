"""A room whose server has a daily limit, in memory."""

import asyncio
from datetime import timedelta

import pytest

from bot.domain.events import Final, Member, Speech, Usage
from bot.domain.plan import RoomPlan
from bot.errors import AllowanceError
from bot.usage.daily_allowance import Accounts
from bot.usage.ledger import Ledger
from bot.usage.prices import Price, Prices
from bot.usage.report import Spending
from tests.support.clock import ManualClock
from tests.support.records import MemorySettings
from tests.support.room import MemoryConsent, MemoryInterpreter, World
from tests.support.rooms import RoomParts
from tests.support.usage_in_memory import Calendar, MemoryUsage, daily

ANA, BEN = Member(1, "Ana"), Member(2, "Ben")
FRAME = bytes(640)
USED_UP = (
    "This server has used its 10 translation minutes for today. "
    "Translation resumes at midnight UTC."
)
NEARLY = (
    "This server has used 8.5 of its 10 translation minutes for today. "
    "When they run out, translation pauses until midnight UTC."
)
AGAIN = "A new day has begun, so speech is being translated again."


class House:
    """Rooms with an account, over a store that may outlive them."""

    def __init__(
        self, store: MemoryUsage | None = None, limit: float = 10, prices: Prices | None = None
    ) -> None:
        self.clock = ManualClock()
        self.wrong = timedelta()
        calendar = Calendar(self.clock, hour=23)
        self.store = store or MemoryUsage()
        self.ledger = Ledger(
            self.store,
            model="speech",
            text_model="text",
            tts_model="a-tts",
            clock=self.clock,
            wall=lambda: calendar.now() + self.wrong,
        )
        prices = prices or Prices()
        self.accounts = Accounts(
            self.ledger,
            prices,
            host=daily(limit, self.clock),
            clock=self.clock,
            settings=MemorySettings().settings,
        )
        self.spending = Spending(self.ledger, self.accounts, prices, waiting=lambda: 2)
        self.world = World(ANA, BEN)
        self.interpreter = MemoryInterpreter()
        self.rooms = RoomParts(
            interpreter=self.interpreter,
            answers=MemoryConsent(BEN.id),
            join_voice=self.world.join_voice,
            open_board=self.world.open_board,
            clock=self.clock,
            accounts=self.accounts,
        ).rooms()

    async def start(self) -> None:
        await self.rooms.start(RoomPlan(1, 10, 20, ("en",)), ANA.id)

    def hear(self, member: Member = ANA) -> None:
        assert self.world.listener is not None
        self.world.listener.heard(Speech(member.id, FRAME, self.clock.now()))

    def fell_silent(self, member: Member = ANA) -> None:
        assert self.world.listener is not None
        self.world.listener.fell_silent(member.id, self.clock.now())

    def used(self, minutes: float, member: Member = ANA) -> None:
        self.interpreter.of(member.id).say(Usage(audio_in_s=minutes * 60))

    def fed(self, member: Member = ANA) -> int:
        return len(self.interpreter.of(member.id).fed) // len(FRAME)

    @property
    def notices(self) -> list[str]:
        return self.world.board.notices

    async def close(self) -> None:
        await self.rooms.close()
        await self.ledger.close()


async def test_near_the_limit_and_at_it_the_people_are_told_once_each() -> None:
    house = House()
    await house.start()
    house.hear()
    house.used(7.9)
    assert house.notices == []
    house.used(0.6)
    house.used(0.5)
    assert house.notices == [NEARLY]
    house.used(1)
    house.used(1)
    house.clock.advance(60)
    house.hear()
    house.hear()
    assert house.notices == [NEARLY, USED_UP]
    await house.close()


async def test_at_the_limit_a_running_sentence_is_finished_and_no_other_begun() -> None:
    house = House()
    await house.start()
    house.hear()
    house.used(10)
    house.clock.advance(0.5)  # a pause within the sentence
    house.fell_silent()
    house.hear()
    house.hear(BEN)
    assert house.fed() == 2
    assert [c.request.speaker_id for c in house.interpreter.conversations] == [ANA.id]
    house.fell_silent()
    house.clock.advance(1)
    house.hear()
    assert house.fed() == 2
    house.interpreter.of(ANA.id).say(Final(1, "Whole."))
    assert [caption.text for caption in house.world.board.standing()] == ["Whole."]
    await house.close()


async def test_a_sentence_without_an_end_is_ended() -> None:
    house = House()
    await house.start()
    house.hear()
    house.used(10)
    for _ in range(20 * 50):
        house.clock.advance(0.02)
        house.hear()
    assert 14 * 50 < house.fed() < 16 * 50
    assert house.interpreter.of(ANA.id).silences == 1
    await house.close()


async def test_at_midnight_it_goes_on_by_itself_and_says_so() -> None:
    house = House()
    await house.start()
    house.hear()
    house.used(10)
    house.clock.advance(3600 - 1)
    house.hear()
    assert (house.fed(), house.notices) == (1, [USED_UP])
    house.clock.advance(1)
    house.hear()
    assert (house.fed(), house.notices) == (2, [USED_UP, AGAIN])
    house.used(8.5)
    assert house.notices == [USED_UP, AGAIN, NEARLY]
    await house.close()


async def test_a_room_can_not_be_started_when_the_minutes_are_used_up() -> None:
    house = House()
    await house.start()
    house.hear()
    house.used(10)
    await house.rooms.stop(1)
    with pytest.raises(AllowanceError) as refused:
        await house.start()
    assert str(refused.value) == USED_UP
    assert len(house.rooms) == 0
    house.clock.advance(3600)
    await house.start()
    house.hear()
    assert house.notices == [USED_UP]
    await house.close()


async def test_a_restart_does_not_give_the_minutes_again() -> None:
    store = MemoryUsage()
    before = House(store)
    await before.start()
    before.hear()
    before.used(6)
    await before.close()
    after = House(store)
    await after.start()
    after.hear()
    after.used(2.5)
    assert after.notices == [NEARLY]
    after.used(2)
    await after.close()
    third = House(store)
    with pytest.raises(AllowanceError):
        await third.start()
    assert third.world.listener is None, "the voice channel was not joined"
    await third.close()


async def test_without_a_limit_nothing_is_refused_nor_said() -> None:
    house = House(limit=0)
    await house.start()
    house.hear()
    house.used(10_000)
    house.hear()
    assert (house.fed(), house.notices) == (2, [])
    await house.close()


async def test_what_is_used_after_somebody_withdrew_is_counted_for_nobody() -> None:
    house = House()
    await house.start()
    house.hear(BEN)
    house.used(1, BEN)
    house.interpreter.of(BEN.id).last_words = [Usage(audio_in_s=60), Final(1, "Withheld.")]
    await (await house.rooms.consent(1)).withdraw(BEN.id)
    await house.close()
    by_user = {key.user_id: amount.minutes for key, amount in house.store.rows.items()}
    assert by_user == {BEN.id: 1, 0: 1}
    assert house.world.board.standing() == []


async def test_status_and_health_tell_todays_minutes_and_an_estimate() -> None:
    house = House(prices=Prices({"speech": Price(10, 20, 30)}))
    await house.start()
    house.hear()
    house.interpreter.of(ANA.id).say(Usage(audio_in_s=90, tokens_in=100_000))
    today = house.rooms.status(1).today
    assert today is not None
    assert (today.minutes, today.limit, str(today.cost)) == (1.5, 10, "about $1.00")
    assert house.spending.figures() == {
        "minutes_today": 1.5,
        "cost_today_usd_estimate": 1.0,
        "month_limit_used_percent": 0,
        "connects_waiting": 2,
        "usage_unwritten": 1,
        "usage_dropped": 0,
    }
    house.interpreter.of(ANA.id).say(Usage(text_tokens_in=5))
    assert house.spending.figures()["cost_today_usd_estimate"] is None
    await house.close()


async def test_the_report_of_a_server_tells_each_day_and_ones_own_share() -> None:
    house = House()
    await house.start()
    house.hear()
    house.hear(BEN)
    house.used(3)
    house.used(1, BEN)
    house.clock.advance(3600)
    house.used(2)
    report = await house.spending.report(1, BEN.id)
    assert [(day.day.day, day.minutes, day.own_minutes) for day in report.days] == [
        (23, 2, 0), (22, 4, 1)
    ]  # fmt: skip
    assert report.today.minutes == 2
    assert (await house.spending.report(2, BEN.id)).days == ()
    await house.close()


async def test_a_date_that_was_years_ahead_uses_up_no_day() -> None:
    house = House()
    await house.start()
    house.hear()
    house.used(9)
    house.wrong = timedelta(days=1000)
    house.used(9)
    house.wrong = timedelta()
    house.hear()
    await asyncio.sleep(0.01)
    house.hear()
    assert house.accounts.today().minutes == 9
    for day in range(3):
        house.clock.advance(24 * 3600)
        house.hear()
        house.used(9)
        assert house.accounts.today().minutes == 9, day
    assert USED_UP not in house.notices
    await house.rooms.stop(1)
    await house.start()
    await house.close()
