"""A turn that proves to be in the target language: what the people read and hear of it."""

import pytest

from bot.chat.rendering.plain import isolate
from bot.chat.rendering.render import parts
from bot.domain.events import (
    Caption,
    ConversationEvent,
    Echoed,
    Final,
    Member,
    Partial,
    Source,
    Speech,
    TurnEnded,
    Voice,
    VoiceEnded,
)
from bot.room.captions import CaptionLine, Captions
from bot.room.room import RoomPlan
from bot.room.voice_queue import QueuedUtterance, VoiceQueue
from tests.support.clock import ManualClock
from tests.support.room import MemoryConsent, MemoryInterpreter, World
from tests.support.rooms import RoomParts

ANA = Member(1, "Ana")
LINE = CaptionLine(1, "en")
HELLO = Source(1, "Hello.", "en", final=True)


def told(captions: Captions, *events: ConversationEvent) -> list[Caption]:
    shown = (captions.apply(LINE, ANA, event, 5.0) for event in events)
    return [caption for caption in shown if caption is not None]


def read(shown: list[Caption]) -> list[str]:
    """What stands in the channel in the end."""
    return parts(shown[-1]) if shown else []


LATE = (Partial(1, "Hel"), Final(1, "Hello."), HELLO, Echoed(1), TurnEnded(1))
EARLY = (Source(1, "Hel", "en", final=False), Echoed(1), HELLO, TurnEnded(1))


@pytest.mark.parametrize("events", [LATE, EARLY])
@pytest.mark.parametrize("originals", [False, True])
def test_what_is_said_in_the_language_is_its_own_full_line(
    events: tuple[ConversationEvent, ...],
    originals: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    shown = told(Captions(originals=originals), *events)
    assert read(shown) == [f"`EN` {isolate('Hello.')}"]
    assert shown[-1].final


@pytest.mark.parametrize("originals", [False, True])
def test_it_grows_with_its_words_and_is_final_with_them(
    originals: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    shown = told(
        Captions(originals=originals),
        Source(1, "Hel", "en", final=False),
        Echoed(1),
        Source(1, "Hello, every", "en", final=False),
        Source(1, "Hello, everybody.", "en", final=True),
    )
    texts = [(caption.text, caption.final) for caption in shown if caption.text]
    assert texts == [("Hel", False), ("Hello, every", False), ("Hello, everybody.", True)]


def test_until_its_words_come_what_was_shown_stays() -> None:
    captions = Captions()
    (first,) = told(captions, Partial(1, "Hel"), Echoed(1))
    assert first.text == "Hel"
    (last,) = told(captions, HELLO)
    assert (last.text, last.final) == ("Hello.", True)


def test_without_its_words_nothing_stands() -> None:
    shown = told(Captions(), Partial(1, "Hel"), Echoed(1), TurnEnded(1))
    assert read(shown) == []


def test_originals_can_be_left_out_of_translations() -> None:
    shown = told(Captions(originals=False), Source(1, "Hola.", "es", final=True), Final(1, "Hi."))
    assert [(caption.text, caption.source_text) for caption in shown] == [("Hi.", "")]


def test_a_translation_that_comes_after_all_is_shown() -> None:
    shown = told(
        Captions(),
        Partial(1, "Yes"),
        Echoed(1),
        Partial(1, "Yes"),
        Final(1, "Yes."),
        Source(1, "Sí.", "es", final=True),
    )
    assert (shown[-1].text, shown[-1].source_text, shown[-1].final) == ("Yes.", "Sí.", True)


def test_an_echo_never_shown_changes_nothing() -> None:
    assert told(Captions(), Echoed(1), TurnEnded(1)) == []


A, B = (QueuedUtterance(CaptionLine(stay, "en"), 1) for stay in (1, 2))
SECOND = b"\x01\x00" * 24_000


def test_an_echo_gives_way_to_the_voice_that_waits() -> None:
    played = bytearray()
    voices = VoiceQueue(played.extend)
    voices.voice(A, SECOND, 0)
    voices.voice(B, b"bb", 0)
    assert voices.take_back(A) == pytest.approx(1.0)
    voices.ended(A)
    assert played.endswith(b"bb")
    voices.voice(A, SECOND, 1)
    voices.ended(B)
    assert played.endswith(b"bb")


def test_an_echo_that_waits_is_never_heard() -> None:
    played = bytearray()
    voices = VoiceQueue(played.extend)
    voices.voice(A, b"aa", 0)
    voices.voice(B, b"bb", 0)
    assert voices.take_back(B) == 0
    voices.voice(B, b"bb", 0)
    voices.ended(A)
    assert played == b"aa"


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize(("queued_s", "left"), [(0.8, b""), (1.2, SECOND)])
async def test_the_rest_of_an_echo_is_cut_unless_anothers_voice_stands_before_it(
    queued_s: float,
    left: bytes,
    ended: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    world = World(ANA)
    interpreter = MemoryInterpreter()
    clock = ManualClock()
    rooms = RoomParts(
        interpreter=interpreter,
        answers=MemoryConsent(1),
        join_voice=world.join_voice,
        open_board=world.open_board,
        clock=clock,
    ).rooms()
    await rooms.start(RoomPlan(1, 10, 20, ("en",), "en"), 1)
    assert world.listener is not None
    world.listener.heard(Speech(1, bytes(640), 0.0))
    interpreter.of(1).say(Voice(1, SECOND))
    if ended:
        interpreter.of(1).say(VoiceEnded(1))
    world.link.queued_s = queued_s
    interpreter.of(1).say(Echoed(1))
    assert world.link.played == left
    await rooms.close()
