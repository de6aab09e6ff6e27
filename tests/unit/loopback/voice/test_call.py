"""A call's relay, with seats that write down what they are given and a clock that stands still."""

from bot.audio.opus import SILENCE
from bot.loopback.voice.call import VoiceCall
from bot.loopback.voice.faults import Faults
from bot.loopback.voice.opcodes import Body, Op
from bot.loopback.voice.rtp import Packet
from tests.support.clock import ManualClock

ANA, BEN, CLEO = 1001, 1002, 1003


class Seat:
    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self.ssrc = user_id + 50_000
        self.told: list[tuple[Op, Body]] = []
        self.heard: list[int] = []
        self.ousted_with: list[int] = []

    def tell(self, op: Op, body: Body) -> None:
        self.told.append((op, body))

    def hear(self, sender: int, packet: Packet) -> None:
        assert sender != self.user_id
        self.heard.append(packet.sequence)

    def ousted(self, code: int) -> None:
        self.ousted_with.append(code)


class Scene:
    def __init__(self, *people: int) -> None:
        self.faults = Faults()
        self.clock = ManualClock(0.0)
        self.complaints: list[str] = []
        self.spoke: list[tuple[int, bool]] = []
        self.call = VoiceCall(
            555,
            0,
            faults=self.faults,
            clock=self.clock,
            complain=self.complaints.append,
            spoke=lambda *who: self.spoke.append(who),
        )
        self.seats = {person: Seat(person) for person in people}
        for seat in self.seats.values():
            self.call.enter(seat)

    def say(self, speaker: int, *sequences: int) -> None:
        for sequence in sequences:
            self.call.relay(speaker, Packet(sequence, 0, 5, SILENCE))


def test_newcomers_and_those_present_are_told_of_each_other() -> None:
    scene = Scene(ANA, BEN)
    scene.call.leave(ANA)
    assert scene.seats[ANA].told == [(Op.CLIENTS_CONNECT, {"user_ids": [str(BEN)]})]
    assert scene.seats[BEN].told == [
        (Op.CLIENTS_CONNECT, {"user_ids": [str(ANA)]}),
        (Op.CLIENT_DISCONNECT, {"user_id": str(ANA)}),
    ]
    assert scene.call.participants() == (BEN,)


def test_a_packet_goes_to_everybody_else() -> None:
    scene = Scene(ANA, BEN, CLEO)
    scene.say(ANA, 1, 2)
    assert [scene.seats[one].heard for one in (ANA, BEN, CLEO)] == [[], [1, 2], [1, 2]]


def test_who_speaks_is_announced_also_to_who_comes_later() -> None:
    scene = Scene(ANA, BEN)
    scene.call.speaking(ANA, 1)
    cleo = Seat(CLEO)
    scene.call.enter(cleo)
    body = {"user_id": str(ANA), "ssrc": ANA + 50_000, "speaking": 1}
    assert (Op.SPEAKING, body) in scene.seats[BEN].told
    assert (Op.SPEAKING, body) in cleo.told
    assert Op.SPEAKING not in [op for op, _ in scene.seats[ANA].told]


def test_an_unannounced_speaker_is_heard_all_the_same() -> None:
    scene = Scene(ANA, BEN)
    scene.faults.unannounced.add(ANA)
    scene.call.speaking(ANA, 1)
    scene.say(ANA, 1)
    assert Op.SPEAKING not in [op for op, _ in scene.seats[BEN].told]
    assert scene.seats[BEN].heard == [1]


def test_late_packets_come_late_and_not_to_who_has_left() -> None:
    scene = Scene(ANA, BEN, CLEO)
    scene.faults.delay_ms = 100
    scene.say(ANA, 1)
    scene.clock.advance(0.09)
    assert scene.seats[BEN].heard == []
    scene.call.leave(CLEO)
    scene.clock.advance(0.02)
    assert scene.seats[BEN].heard == [1]
    assert scene.seats[CLEO].heard == []


def test_reordered_packets_overtake_each_other() -> None:
    scene = Scene(ANA, BEN)
    scene.faults.reorder_ms = 100
    scene.say(ANA, *range(20))
    scene.clock.advance(0.2)
    assert scene.seats[BEN].heard != list(range(20))
    assert sorted(scene.seats[BEN].heard) == list(range(20))


def test_a_duplicate_is_heard_twice() -> None:
    scene = Scene(ANA, BEN)
    scene.faults.duplicate = 1.0
    scene.say(ANA, 7)
    assert scene.seats[BEN].heard == [7, 7]


def test_nothing_waits_after_close() -> None:
    scene = Scene(ANA, BEN)
    scene.faults.delay_ms = 1000
    scene.say(ANA, 1, 2)
    assert scene.clock.pending == 2
    scene.call.close()
    assert scene.clock.pending == 0


def test_an_earlier_seat_of_the_same_user_is_out() -> None:
    scene = Scene(ANA, BEN)
    again = Seat(ANA)
    scene.call.enter(again)
    assert scene.seats[ANA].ousted_with == [4006]
    assert scene.call.seated(again)
    assert scene.call.participants() == (BEN, ANA)


def test_who_speaks_is_told_once_at_each_begin_and_end() -> None:
    scene = Scene(1, 2)
    for flags in (1, 1, 0, 0, 1):
        scene.call.speaking(1, flags)
    scene.call.leave(1)
    assert scene.spoke == [(1, True), (1, False), (1, True), (1, False)]
