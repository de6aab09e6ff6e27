"""A turn that repeats a translation the bot speaks: nobody reads, hears or keeps it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bot.domain.events import Final, Member, Partial, Source, Speech, TurnEnded, Voice, VoiceEnded
from bot.domain.plan import RoomPlan
from bot.room.captions import CaptionLine
from bot.room.spoken.repeats import Repeats
from bot.room.spoken.voice_queue import QueuedUtterance
from tests.support.clock import ManualClock
from tests.support.room import MemoryConsent, MemoryConversation, MemoryInterpreter, World
from tests.support.rooms import RoomParts

ANA, BEN = Member(1, "Ana"), Member(2, "Ben")
SPOKEN = "The person you wish to reach is not at his desk. I will try to find him for you."
OF_ANA = QueuedUtterance(CaptionLine(1, "en"), 1)
OF_BEN = QueuedUtterance(CaptionLine(2, "es"), 1)


def spoken(text: str = SPOKEN) -> Repeats:
    """A room in which this was spoken from second 100 to 105."""
    repeats = Repeats()
    repeats.text(OF_ANA, text)
    repeats.voiced(OF_ANA, 100.0)
    repeats.played(105.0)
    return repeats


@pytest.mark.parametrize(
    "heard",
    [
        SPOKEN,
        "the person you wish to reach is not at his desk",
        "Person you wished to reach is not at his desk, I'll try to find him",
        "I will try to find him for you",
        "is not at his desk i will try and find",
    ],
)
def test_what_a_microphone_returns_of_it_is_a_repeat(heard: str) -> None:
    assert spoken().hear(OF_BEN, heard, 100.4, 106.0)


@pytest.mark.parametrize(
    "heard",
    [
        "",
        "...",
        "For you.",
        "Not at his desk?",
        "I will be at my desk until noon, then I have to leave for the train.",
        "La persona con la que desea hablar no está en su mesa.",
        "What did you try to reach? I could not hear a word of that, say it again please.",
    ],
)
def test_what_people_say_themselves_is_none(heard: str) -> None:
    assert not spoken().hear(OF_BEN, heard, 100.4, 106.0)


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("对不起,您要找的人不在办公室。", "您要找的人不在办公室"),
        ("申し訳ありませんが、席を外しております。", "申し訳ありませんが席を外して"),
        ("Это неверный пароль. Пожалуйста, попробуйте ещё раз.", "пожалуйста попробуйте еще раз"),
        ("La personne que vous désirez n'est pas là", "la personne que vous desirez n'est pas"),
    ],
)
def test_in_every_script(text: str, heard: str) -> None:
    assert spoken(text).hear(OF_BEN, heard, 100.4, 106.0)


def test_a_short_answer_in_signs_is_none() -> None:
    assert not spoken("对不起,您要找的人不在办公室。").hear(OF_BEN, "不在办公室", 100.4, 106.0)


def test_who_says_it_after_the_voice_is_over_says_it() -> None:
    assert not spoken().hear(OF_BEN, SPOKEN, 107.0, 111.0)
    assert spoken().hear(OF_BEN, SPOKEN, 105.9, 111.0)


def test_a_translation_that_was_not_spoken_is_repeated_by_nobody() -> None:
    repeats = Repeats()
    repeats.text(OF_ANA, SPOKEN)
    repeats.played(105.0)
    assert not repeats.hear(OF_BEN, SPOKEN, 100.4, 106.0)
    taken_back = spoken()
    taken_back.taken_back(OF_ANA)
    assert not taken_back.hear(OF_BEN, SPOKEN, 100.4, 106.0)


def test_a_speakers_turn_does_not_repeat_its_own_translations() -> None:
    """One into the language it was said in has its very words."""
    other = QueuedUtterance(CaptionLine(1, "es"), 1)
    assert not spoken().hear(other, SPOKEN, 99.0, 106.0)


def test_a_turn_that_was_a_repeat_stays_one() -> None:
    repeats = spoken()
    assert repeats.hear(OF_BEN, "the person you wish to reach", 100.4, 102.0)
    assert repeats.hear(OF_BEN, "the person you wish to reach a a a a a a a a", 100.4, 103.0)
    assert repeats.is_repeat(OF_BEN)


@dataclass
class Scene:
    world: World
    interpreter: MemoryInterpreter
    clock: ManualClock

    def speak(self, member: Member) -> MemoryConversation:
        assert self.world.listener is not None
        self.world.listener.heard(Speech(member.id, bytes(640), self.clock.now()))
        return self.interpreter.of(member.id)

    def ana_is_spoken(self) -> None:
        conversation = self.speak(ANA)
        for event in (Voice(1, b"\1\0" * 48_000), Final(1, SPOKEN), VoiceEnded(1), TurnEnded(1)):
            conversation.say(event)

    def standing(self) -> list[str]:
        """What can be read of Ben in the end."""
        of_ben = {c.key: c for c in self.world.board.shown if c.speaker == BEN}
        return [c.text + c.source_text for c in of_ben.values() if c.text or c.source_text]


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    world, clock, interpreter = World(ANA, BEN), ManualClock(), MemoryInterpreter()
    world.link.tracks_last = True
    rooms = RoomParts(
        interpreter=interpreter,
        answers=MemoryConsent(1, 2),
        join_voice=world.join_voice,
        open_board=world.open_board,
        clock=clock,
    ).rooms()
    await rooms.start(RoomPlan(1, 10, 20, ("en",), "en"), 1)
    yield Scene(world, interpreter, clock)
    await rooms.close()


async def test_an_echo_is_taken_back_not_spoken_and_its_member_told_once(scene: Scene) -> None:
    scene.ana_is_spoken()
    played = bytes(scene.world.link.played)
    ben = scene.speak(BEN)
    ben.say(Partial(1, "The person"))
    assert scene.standing() == ["The person"]
    ben.say(Source(1, "the person you wish to reach is not", "en", final=False))
    assert scene.standing() == []
    ben.say(Voice(1, b"\2\0" * 24_000))
    ben.say(Final(1, SPOKEN))
    ben.say(Source(1, SPOKEN, "en", final=True))
    ben.say(TurnEnded(1))
    assert scene.standing() == []
    assert scene.world.link.played == played
    ben.say(Source(2, "I will try to find him for you", "en", final=True))
    told = [text for text in scene.world.board.notices if BEN.name in text]
    assert len(told) == 1


async def test_what_the_member_says_next_is_shown_and_spoken(scene: Scene) -> None:
    scene.ana_is_spoken()
    ben = scene.speak(BEN)
    ben.say(Source(1, SPOKEN, "en", final=True))
    ben.say(TurnEnded(1))
    ben.say(Source(2, "Gracias, espero un momento.", "es", final=True))
    scene.world.link.tracks[0].dropped = True
    scene.clock.advance(1.0)
    ben.say(Voice(2, b"\3\0" * 24_000))
    ben.say(Final(2, "Thank you, I will wait a moment."))
    assert scene.standing() == ["Thank you, I will wait a moment.Gracias, espero un momento."]
    scene.clock.advance(1.0)
    assert scene.world.link.played.endswith(b"\3\0" * 24_000)
