"""Who enters a room is told once, many together, and is heard only after that where it counts."""

import asyncio

from bot.consent.consent import Consent
from bot.consent.newcomers import SAY_NO_S, Newcomers
from bot.domain.events import Member
from bot.domain.notices import Announcement
from bot.domain.stored import ConsentMode
from bot.errors import ChatError
from tests.support.clock import ManualClock
from tests.support.room import MemoryConsent

OPT_IN, ANNOUNCED = ConsentMode.OPT_IN, ConsentMode.ANNOUNCED
ANA, BEN, EVE, BOT = (Member(i, name) for i, name in enumerate(("Ana", "Ben", "Eve", "Bot"), 1))


class Door:
    """A guild's consent, newcomers, and what was written of them."""

    def __init__(self, mode: ConsentMode, *agreed: int) -> None:
        self.clock = ManualClock()
        self.store = MemoryConsent(*agreed)
        self.consent = Consent(1, self.store, frozenset(agreed), mode=mode)
        self.said: list[Announcement] = []
        self.refused = False
        self.newcomers = Newcomers(self.consent, self._announce, self.clock, lambda _: True)

    async def _announce(self, announcement: Announcement) -> frozenset[int]:
        if self.refused:
            raise ChatError("No.")
        self.said.append(announcement)
        return frozenset({*announcement.heard, *announcement.others} - {BOT.id})

    async def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 2)):
            self.clock.advance(0.5)
            for _ in range(4):
                await asyncio.sleep(0)


async def test_those_who_are_there_at_the_start_have_the_notice_and_later_ones_a_word() -> None:
    door = Door(OPT_IN, EVE.id)
    door.newcomers.begin([ANA])
    await door.wait(5)
    assert door.said == []
    for member in (BEN, EVE):
        door.newcomers.entered(member)
    await door.wait(5)
    assert door.said == [Announcement(OPT_IN, (EVE.id,), (BEN.id,))]
    await door.newcomers.close()
    assert door.clock.pending == 0


async def test_nobody_is_told_twice_however_often_they_come() -> None:
    door = Door(OPT_IN)
    door.newcomers.begin([])
    for _ in range(5):
        door.newcomers.entered(BEN)
        await door.wait(20)
        door.newcomers.left(BEN.id)
    assert len(door.said) == 1
    await door.newcomers.close()


async def test_a_crowd_is_told_in_few_messages_that_each_fit() -> None:
    door = Door(OPT_IN)
    door.newcomers.begin([])
    for number in range(100):
        door.newcomers.entered(Member(number, "x"))
    await door.wait(25)
    assert [len(a.others) for a in door.said] == [40, 40, 20]
    await door.newcomers.close()


async def test_who_left_at_once_is_not_told() -> None:
    door = Door(OPT_IN)
    door.newcomers.begin([])
    door.newcomers.entered(BEN)
    door.newcomers.left(BEN.id)
    await door.wait(20)
    assert door.said == []
    await door.newcomers.close()


async def test_announced_hears_ten_seconds_after_the_message_stands() -> None:
    door = Door(ANNOUNCED)
    door.newcomers.begin([ANA])
    await door.wait(2.5)
    assert door.said == [Announcement(ANNOUNCED, (), (ANA.id,))]
    await door.wait(SAY_NO_S - 1)
    assert door.consent.agreed == frozenset()
    await door.wait(1)
    assert door.consent.agreed == {ANA.id}
    await door.newcomers.close()
    assert door.consent.agreed == frozenset(), "the next room tells them anew"


async def test_announced_does_not_hear_whom_no_message_could_reach() -> None:
    door = Door(ANNOUNCED)
    door.refused = True
    door.newcomers.begin([ANA])
    await door.wait(20)
    assert door.consent.agreed == frozenset()
    door.refused = False
    await door.wait(45)
    assert door.consent.agreed == {ANA.id}
    await door.newcomers.close()


async def test_announced_leaves_out_bots_and_those_who_say_no_in_time_or_said_it_before() -> None:
    door = Door(ANNOUNCED)
    await door.consent.withdraw(EVE.id)
    door.newcomers.begin([ANA, BEN, EVE, BOT])
    await door.wait(5)
    await door.consent.withdraw(BEN.id)
    await door.wait(20)
    assert door.said == [Announcement(ANNOUNCED, (), (ANA.id, BEN.id, BOT.id))]
    assert door.consent.agreed == {ANA.id}
    await door.newcomers.close()


async def test_another_mode_is_told_to_everybody_and_ends_the_countdown() -> None:
    door = Door(OPT_IN, EVE.id)
    door.newcomers.begin([ANA, EVE])
    door.consent.use_mode(ANNOUNCED)
    await door.wait(5)
    assert door.said == [Announcement(ANNOUNCED, (EVE.id,), (ANA.id,))]
    door.consent.use_mode(OPT_IN)
    await door.wait(20)
    assert door.said[1:] == [Announcement(OPT_IN, (EVE.id,), (ANA.id,))]
    assert door.consent.agreed == {EVE.id}
    await door.newcomers.close()


async def test_a_room_that_moved_tells_those_whom_it_finds() -> None:
    door = Door(OPT_IN)
    door.newcomers.begin([ANA])
    door.newcomers.begin([ANA, BEN])
    await door.wait(5)
    assert door.said == [Announcement(OPT_IN, (), (BEN.id,))]
    await door.newcomers.close()
