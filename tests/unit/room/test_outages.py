"""What the people of a room read while a service can't be used, and when the room ends for it."""

import asyncio

import pytest

from bot.domain.events import ConversationState, Failed, Member, Speech, StateChanged
from bot.domain.plan import RoomPlan
from bot.errors import ConversationError
from bot.room.fan_out import Fanning, FanOut
from bot.usage.availability import TELL_S, Services
from tests.support.clock import ManualClock
from tests.support.room import MemoryConsent, MemoryInterpreter, World
from tests.support.rooms import RoomParts, Roomy
from tests.support.texts import MemoryTexts

ANA, BEN = Member(1, "Ana"), Member(2, "Ben")
PLAN = RoomPlan(1, 10, 20, ("en", "es"))
OPEN, CLOSED = ConversationState.OPEN, ConversationState.CLOSED


class House:
    """A room of two who agreed, one of its languages made in writing."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.world = World(ANA, BEN)
        self.interpreter = MemoryInterpreter()
        self.services = Services(self.clock, lambda: 5000.0)
        self.rooms = RoomParts(
            interpreter=self.interpreter,
            answers=MemoryConsent(ANA.id, BEN.id),
            join_voice=self.world.join_voice,
            open_board=self.world.open_board,
            clock=self.clock,
            fanning=Fanning(FanOut.TEXT, MemoryTexts("en", "es"), Roomy()),
            availability=self.services,
        ).rooms()

    async def start(self) -> None:
        await self.rooms.start(PLAN, ANA.id)

    def hear(self, member: Member) -> None:
        assert self.world.listener is not None
        self.world.listener.heard(Speech(member.id, bytes(640), self.clock.now()))

    def opens(self, member: Member) -> None:
        self.interpreter.of(member.id).say(StateChanged(OPEN))

    def refuses(self, member: Member) -> None:
        """As a conversation with the real service does."""
        self.services.speech.failed("bad_key", "The key is refused.", final=True)
        talk = self.interpreter.of(member.id)
        talk.say(Failed("bad_key", "Check DASHSCOPE_API_KEY.", fatal=True, of_service=True))
        talk.say(StateChanged(CLOSED))

    def away(self) -> None:
        self.services.speech.failed("away", "The service is away.")
        self.clock.advance(TELL_S)

    @property
    def notices(self) -> list[str]:
        return self.world.board.notices

    async def ended(self) -> None:
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(self.rooms) == 0


async def test_an_outage_is_said_once_however_many_speak_and_so_is_its_end() -> None:
    house = House()
    await house.start()
    for member in (ANA, BEN):
        house.hear(member)
        house.interpreter.of(member.id).say(Failed("away", "Away.", fatal=False, of_service=True))
    house.away()
    for _ in range(5):
        house.away()
    (notice,) = house.notices
    assert notice == (
        "The service is away. Nothing new can be translated since <t:5000:t>. "
        "What you say now is kept for about 20 seconds, then it is lost."
    )
    assert house.rooms.status(1).interrupted
    house.services.speech.answered()
    assert house.notices[1:] == [("The translation service works again, so translation continues.")]
    assert not house.rooms.status(1).interrupted
    house.away()
    assert len(house.notices) == 3  # the next one is said again
    await house.rooms.close()


async def test_what_is_lost_is_said_in_each_outage() -> None:
    house = House()
    await house.start()
    house.hear(ANA)
    for _ in range(2):
        house.away()
        for _ in range(2):
            house.interpreter.of(ANA.id).say(Failed("words_lost", "Words are lost.", fatal=False))
        house.services.speech.answered()
    assert house.notices.count("Words are lost.") == 2
    await house.rooms.close()


async def test_a_room_that_begins_while_the_service_is_away_says_so() -> None:
    house = House()
    house.away()
    await house.start()
    assert len(house.notices) == 1
    assert "The service is away." in house.notices[0]
    await house.rooms.close()


async def test_a_room_in_which_nobody_is_translated_ends_when_the_service_refuses() -> None:
    house = House()
    await house.start()
    house.hear(ANA)
    house.refuses(ANA)
    assert house.world.link.allowed[-1] == frozenset()  # nobody is heard from this moment on
    await house.ended()
    (notice,) = house.notices
    assert notice.startswith(
        "The key is refused. Translation has ended and nobody is heard anymore. "
        "Whoever runs this bot"
    )
    assert house.world.link.closed


async def test_who_is_translated_already_still_is_and_the_last_one_ends_the_room() -> None:
    house = House()
    await house.start()
    house.hear(ANA)
    house.opens(ANA)
    house.hear(BEN)
    house.refuses(BEN)
    (notice,) = house.notices
    assert notice == (
        "The key is refused. Whoever is being translated now still is until they pause for a "
        "while. Nobody else is translated."
    )
    assert house.world.link.allowed[-1] == {ANA.id, BEN.id}
    house.interpreter.of(ANA.id).say(StateChanged(ConversationState.IDLE))
    await house.ended()
    assert "Translation has ended" in house.notices[1]


@pytest.mark.parametrize("how", ["leaves", "stays out"])
async def test_when_the_last_one_who_is_translated_goes_the_room_ends(how: str) -> None:
    house = House()
    await house.start()
    house.hear(ANA)
    house.opens(ANA)
    house.hear(BEN)
    house.refuses(BEN)
    assert house.world.listener is not None
    if how == "leaves":
        del house.world.link.present[ANA.id]
        house.world.listener.left(ANA.id)
    else:
        await (await house.rooms.consent(1)).withdraw(ANA.id)
    await house.ended()
    assert "Translation has ended" in house.notices[-1]


async def test_one_whose_conversation_was_given_up_is_translated_again_once_it_works() -> None:
    house = House()
    await house.start()
    house.hear(ANA)
    house.opens(ANA)
    house.hear(BEN)
    house.refuses(BEN)
    house.services.speech.answered()
    given_up = house.interpreter.of(BEN.id)
    assert house.world.listener is not None
    house.world.listener.fell_silent(BEN.id, house.clock.now())
    house.hear(BEN)
    assert house.interpreter.of(BEN.id) is not given_up
    assert "works again" in house.notices[-1]
    await house.rooms.close()


async def test_no_room_begins_by_itself_where_the_service_is_known_to_refuse() -> None:
    house = House()
    house.services.speech.failed("bad_key", "The key is refused.", final=True)
    with pytest.raises(ConversationError, match=r"^The key is refused. Whoever runs this bot"):
        await house.rooms.start(PLAN, 0, agrees=False)
    assert len(house.rooms) == 0
    assert house.world.listener is None


async def test_a_room_that_would_begin_by_itself_asks_a_service_of_which_nothing_is_known() -> None:
    house = House()

    async def refuse() -> None:
        house.services.speech.failed("bad_key", "The key is refused.", final=True)

    house.services.speech.use(refuse)
    with pytest.raises(ConversationError, match="The key is refused"):
        await house.rooms.start(PLAN, 0, agrees=False)
    await house.services.close()


async def test_languages_in_writing_are_missed_and_are_there_again() -> None:
    house = House()
    await house.start()
    house.services.texts.failed("bad_key", "The key is refused.", final=True)
    assert house.notices == []  # nobody spoke, so nothing is missing yet
    house.hear(ANA)
    house.opens(ANA)
    assert house.rooms.status(1).missing == ("es",)
    (notice,) = house.notices
    assert notice == (
        "Captions in Spanish have been missing since <t:5000:t>, as texts can't be translated: "
        "The key is refused."
    )
    assert not house.rooms.status(1).interrupted
    house.services.texts.answered()
    assert house.notices[1:] == ["Captions in Spanish are back."]
    assert house.rooms.status(1).missing == ()
    await house.rooms.close()


async def test_a_room_that_has_ended_hears_no_more_of_the_services() -> None:
    house = House()
    await house.start()
    await house.rooms.stop(1)
    house.away()
    house.services.speech.failed("bad_key", "The key is refused.", final=True)
    assert house.notices == []
