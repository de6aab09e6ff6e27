"""The listener between the voice link and the room."""

from bot.domain.events import Member, Speech
from bot.domain.ports import Listener
from bot.voice.echo.listener import EchoListener
from bot.voice.echo.played import PlayedVoice
from tests.support.echoes import (
    BEGINS_AT,
    Call,
    Way,
    decoded,
    encoded,
    in_a_row,
    mixed,
    noise,
    pcm16,
    recorded,
    through_opus,
)

ANA, BEN = 1, 2
VOICE = encoded(in_a_row("en_librivox_0870"))
ECHO = through_opus(mixed(Way().returned(decoded(VOICE)), noise(16_000, 20.0)))
OWN = through_opus(recorded("es_conf-invalid"))


class Room:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.pcm: dict[int, bytes] = {}
        self.told: list[object] = []

    def heard(self, speech: Speech) -> None:
        self.pcm[speech.user_id] = self.pcm.get(speech.user_id, b"") + speech.pcm
        if self.told[-1:] != [("heard", speech.user_id)]:
            self.told.append(("heard", speech.user_id))

    def fell_silent(self, user_id: int, at: float) -> None:
        self.told.append(("silent", user_id, at))

    def joined(self, member: Member) -> None:
        self.told.append(member)

    def left(self, user_id: int) -> None:
        self.told.append(("left", user_id))

    def noticed(self, code: str, text: str) -> None:
        self.told.append((code, text))

    def lost(self, reason: str) -> None:
        self.told.append(reason)


def listening(call: Call, room: Listener) -> EchoListener:
    return EchoListener(room, call.voice, lambda: (Member(ANA, "Ana"), Member(BEN, "Ben")))


def say(call: Call, listener: EchoListener, user_id: int) -> float:
    at = BEGINS_AT
    for pcm, at in call.batches():
        listener.heard(Speech(user_id, pcm, at))
    return at


def test_an_echo_is_neither_heard_nor_ended_and_its_member_is_told_once() -> None:
    room = Room()
    call = Call([*VOICE, *([b""] * 100), *VOICE], mixed(ECHO))
    listener = listening(call, room)
    at = say(call, listener, ANA)
    listener.fell_silent(ANA, at)
    assert ANA not in room.pcm
    (told,) = room.told  # a notice, and nothing else
    assert isinstance(told, tuple)
    assert told[0] == f"echo_{ANA}"
    assert told[1].startswith("Ana, your microphone")


def test_a_member_with_headphones_is_heard_whole_and_told_nothing() -> None:
    room = Room()
    call = Call(VOICE, OWN)
    listener = listening(call, room)
    at = say(call, listener, BEN)
    listener.fell_silent(BEN, at + 0.1)
    assert room.pcm[BEN] == pcm16(OWN)[: len(room.pcm[BEN])]
    assert room.told == [("heard", BEN), ("silent", BEN, at + 0.1)]


def test_while_nothing_is_played_speech_is_passed_on_as_the_very_same() -> None:
    passed: list[Speech] = []

    class Same(Room):
        def heard(self, speech: Speech) -> None:
            passed.append(speech)

    listener = EchoListener(Same(), PlayedVoice(lambda: BEGINS_AT), tuple)
    speech = [Speech(ANA, bytes(3200), BEGINS_AT + at / 10) for at in range(20)]
    for one in speech:
        listener.heard(one)
    assert all(got is given for got, given in zip(passed, speech, strict=True))
    assert not listener._guards


def test_who_spoke_on_when_the_bot_began_falls_silent_as_their_echo_does_not_count() -> None:
    room = Room()
    call = Call([*([b""] * 25), *VOICE], ECHO)
    listener = listening(call, room)
    listener.heard(Speech(ANA, bytes(3200), BEGINS_AT))
    assert room.told == [("heard", ANA)]
    listener.fell_silent(ANA, BEGINS_AT + 0.3)
    assert room.told[-1] == ("silent", ANA, BEGINS_AT + 0.3)


def test_of_somebody_who_withdrew_nothing_that_was_held_is_passed_on() -> None:
    room = Room()
    call = Call(VOICE, OWN)
    listener = listening(call, room)
    for pcm, at in list(call.batches())[:3]:
        listener.heard(Speech(ANA, pcm, at))
    assert ANA not in room.pcm, "held until it is clear"
    listener.keep(frozenset({BEN}))
    listener.fell_silent(ANA, BEGINS_AT + 1)
    listener.left(ANA)
    assert ANA not in room.pcm


def test_what_is_held_of_somebody_who_leaves_goes_out_before() -> None:
    room = Room()
    call = Call(VOICE, OWN)
    listener = listening(call, room)
    for pcm, at in list(call.batches())[:3]:
        listener.heard(Speech(ANA, pcm, at))
    listener.left(ANA)
    assert room.pcm[ANA] == pcm16(OWN)[: 3 * 3200]
    assert room.told[-1] == ("left", ANA)


def test_everything_else_is_passed_on() -> None:
    room = Room()
    listener = EchoListener(room, PlayedVoice(lambda: BEGINS_AT), tuple)
    listener.joined(Member(ANA, "Ana"))
    listener.noticed("code", "text")
    listener.lost("reason")
    assert room.told == [Member(ANA, "Ana"), ("code", "text"), "reason"]
