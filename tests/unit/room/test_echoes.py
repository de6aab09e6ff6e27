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
from bot.domain.plan import RoomPlan
from bot.room.captions import CaptionLine, Captions
from bot.room.spoken.voice_queue import QueuedUtterance, VoiceQueue
from tests.support.clock import ManualClock
from tests.support.room import MemoryConsent, MemoryInterpreter, World
from tests.support.rooms import RoomParts
from tests.support.tracks import TimedTrack

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


A, B = (QueuedUtterance(CaptionLine(visit, "en"), 1) for visit in (1, 2))
SECOND = b"\x01\x00" * 24_000


class Spoken:
    """A queue and what was heard of it, by the clock."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.tracks: list[TimedTrack] = []
        self.voices = VoiceQueue(self.begin)

    def begin(self, gain: float) -> TimedTrack:
        assert gain == 1
        self.tracks.append(TimedTrack(self.clock))
        return self.tracks[-1]

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.voices.advance(self.clock.now())

    def heard(self) -> list[tuple[float, bool]]:
        return [(round(track.heard_s, 2), track.dropped) for track in self.tracks]


def test_an_echo_gives_way_to_the_voice_that_waits() -> None:
    spoken = Spoken()
    spoken.voices.voice(A, SECOND, spoken.clock.now())
    spoken.wait(0)
    spoken.voices.voice(B, SECOND, spoken.clock.now())
    spoken.wait(0.4)
    spoken.voices.take_back(A)
    spoken.wait(0)
    spoken.wait(0.3)
    spoken.wait(1)
    assert spoken.heard() == [(0.4, True), (1, False)]
    spoken.voices.voice(A, SECOND, spoken.clock.now())
    spoken.wait(1)
    assert len(spoken.tracks) == 2


def test_an_echo_that_waits_is_never_heard() -> None:
    spoken = Spoken()
    spoken.voices.voice(A, SECOND, spoken.clock.now())
    spoken.wait(0)
    spoken.voices.voice(B, SECOND, spoken.clock.now())
    spoken.voices.take_back(B)
    spoken.voices.voice(B, SECOND, spoken.clock.now())
    spoken.voices.ended(A)
    spoken.wait(1.1)
    spoken.wait(1)
    assert spoken.heard() == [(1, False)]


@pytest.mark.parametrize("ended", [False, True])
async def test_the_rest_of_an_echo_is_cut_off(
    ended: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    world = World(ANA)
    interpreter = MemoryInterpreter()
    rooms = RoomParts(
        interpreter=interpreter,
        answers=MemoryConsent(1),
        join_voice=world.join_voice,
        open_board=world.open_board,
        clock=ManualClock(),
    ).rooms()
    await rooms.start(RoomPlan(1, 10, 20, ("en",), "en"), 1)
    assert world.listener is not None
    world.listener.heard(Speech(1, bytes(640), 0.0))
    world.link.tracks_last = True
    interpreter.of(1).say(Voice(1, SECOND))
    if ended:
        interpreter.of(1).say(VoiceEnded(1))
    assert world.link.played == SECOND
    interpreter.of(1).say(Echoed(1))
    assert world.link.played == b""
    await rooms.close()
