import pytest

from bot.audio.opus import SILENCE
from bot.voice.receive import crypto
from tests.unit.voice.voice_call import Desk, pitch

ANA, BEN, CAT = 11, 22, 33


def test_two_members_at_once_are_heard_apart() -> None:
    desk = Desk(ANA, BEN)
    ana, ben = desk.join(ANA, 1001), desk.join(BEN, 1002)
    for low, high in zip(ana.tone(300, 50), ben.tone(700, 50), strict=True):
        desk.hearing.packet(ana.packet(low), desk.now)
        desk.take(ben.packet(high))
    desk.wait(0.3)
    assert desk.seconds(ANA) == desk.seconds(BEN) == 1.0
    assert abs(pitch(desk.pcm[ANA]) - 300) < 3
    assert abs(pitch(desk.pcm[BEN]) - 700) < 3


@pytest.mark.parametrize("mode", crypto.MODES)
def test_both_modes_extensions_and_padding_are_taken_off(mode: str) -> None:
    desk = Desk(ANA)
    desk.keys.mode = mode
    ana = desk.join(ANA, 1001)
    assert desk.keys.session is not None
    for packet in ana.tone(440, 20):
        sealed = desk.keys.session.seal(ANA, packet)
        ana.sequence = (ana.sequence + 1) & 0xFFFF
        ana.timestamp = (ana.timestamp + 960) & 0xFFFFFFFF
        body = bytes(8) + sealed + b"\0\0\0\4"
        desk.take(ana.seal(body, flags=0x30, tail=b"\xbe\xde\0\2"))
    assert desk.seconds(ANA) == 0.4
    assert desk.figures.lost == 0


def test_the_time_that_was_lost_stays_in_the_timeline() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    for index, frame in enumerate(ana.tone(440, 500)):
        datagram = ana.packet(frame)
        lost = index % 7 == 3 or 100 <= index < 103 or 200 <= index < 208
        desk.take(None if lost else datagram)
    for _ in range(5):
        desk.take(ana.packet(SILENCE))
    desk.wait(0.3)
    assert desk.seconds(ANA) == 10.0
    assert desk.figures.recovered > 0
    assert desk.figures.concealed > 0
    assert desk.figures.skipped > 0
    assert [user for user, _ in desk.ends] == [ANA]


def test_a_member_who_did_not_agree_is_not_even_opened() -> None:
    desk = Desk(ANA)
    desk.join(ANA, 1001)
    ben = desk.join(BEN, 1002)
    desk.keys.secret_key = None  # opening anything would be a failure that is counted
    ben_keys = Desk().keys
    ben.keys = ben_keys
    for frame in ben.tone(440, 10):
        desk.take(ben.packet(frame))
    assert desk.figures.unconsented == 10
    assert desk.figures.transport_failures == 0
    assert desk.pcm == {}
    assert desk.keys.session is not None
    assert desk.keys.session.opened_for == []


def test_an_unknown_stream_is_tried_with_the_keys_of_those_who_agreed_alone() -> None:
    desk = Desk(ANA)
    desk.join(ANA, 1001, announced=False)
    ben = desk.join(BEN, 1002, announced=False)
    for frame in ben.tone(440, 300):
        desk.take(ben.packet(frame))
    assert desk.keys.session is not None
    assert set(desk.keys.session.opened_for) == {ANA}
    assert desk.pcm == {}
    assert desk.figures.unknown_expired > 0


def test_a_member_who_was_never_announced_is_found_by_key_and_loses_nothing() -> None:
    desk = Desk(ANA, BEN)
    ana = desk.join(ANA, 1001, announced=False)
    desk.join(BEN, 1002)
    for frame in ana.tone(440, 50):
        desk.take(ana.packet(frame))
    desk.wait(0.3)
    assert desk.seconds(ANA) == 1.0
    assert desk.figures.proven == 1
    assert desk.figures.lost == 0


def test_what_came_before_the_announcement_is_heard() -> None:
    desk = Desk(ANA)
    desk.keys.session = None
    desk.keys.dave_version = 0
    ana = desk.join(ANA, 1001, announced=False)
    for frame in ana.tone(440, 40):
        desk.take(ana.packet(frame))
    assert desk.pcm == {}
    desk.hearing.announce(1001, ANA)
    desk.wait(0.3)
    assert desk.seconds(ANA) == 0.8


def test_speech_in_the_next_epochs_key_waits_for_the_key() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    frames = ana.tone(440, 100)
    for frame in frames[:50]:
        desk.take(ana.packet(frame))
    for frame in frames[50:80]:
        desk.take(ana.packet(frame, epoch=2))
    assert desk.seconds(ANA) == 1.0
    assert desk.keys.session is not None
    desk.keys.session.epoch = 2
    for frame in frames[80:]:
        desk.take(ana.packet(frame))
    desk.wait(0.3)
    assert desk.seconds(ANA) == 2.0
    assert desk.figures.lost == 0
    assert desk.ends[0][1] == pytest.approx(101.98)


def test_plain_speech_in_an_encrypted_call_is_refused() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    for frame in ana.tone(440, 10):
        desk.take(ana.packet(frame, plain=True))
    assert desk.figures.plain_refused == 10
    assert desk.pcm == {}
    desk.keys.plain_allowed = True
    for frame in ana.tone(440, 10):
        desk.take(ana.packet(frame, plain=True))
    desk.wait(0.3)
    assert desk.seconds(ANA) == pytest.approx(0.2)


def test_consent_withdrawn_takes_effect_with_the_next_packet_and_ends_the_spurt() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    frames = ana.tone(440, 20)
    for frame in frames[:10]:
        desk.take(ana.packet(frame))
    heard = desk.seconds(ANA)
    desk.hearing.allowed = frozenset()
    for frame in frames[10:]:
        desk.take(ana.packet(frame))
    desk.wait(0.5)
    assert desk.seconds(ANA) == heard
    assert [user for user, _ in desk.ends] == [ANA]
    assert desk.figures.unconsented == 10


def test_a_new_transport_key_is_used_at_once() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    for frame in ana.tone(440, 10):
        desk.take(ana.packet(frame))
    desk.keys.secret_key = [7] * 32
    for frame in ana.tone(440, 10):
        desk.take(ana.packet(frame))
    assert desk.seconds(ANA) == 0.4
    assert desk.figures.transport_failures == 0


def test_a_wrong_announcement_is_doubted_and_the_right_member_found() -> None:
    desk = Desk(ANA, BEN)
    ana = desk.join(ANA, 1001)
    desk.join(BEN, 1002)
    desk.hearing.announce(1001, BEN)
    for frame in ana.tone(440, 150):
        desk.take(ana.packet(frame))
    desk.wait(0.3)
    assert BEN not in desk.pcm
    assert desk.seconds(ANA) > 1.0


def test_packets_that_never_open_are_reported_as_deafness() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    for frame in ana.tone(440, 300):
        desk.take(ana.packet(frame, epoch=9))
    assert desk.hearing.failing_since == 100.0
    assert desk.hearing.failing_until > 103.0
    assert desk.figures.dave_failures > 0


def test_silence_in_between_does_not_hide_that_no_speech_opens() -> None:
    desk = Desk(ANA, BEN)
    ana, ben = desk.join(ANA, 1001), desk.join(BEN, 1002)
    for frame in ana.tone(440, 200):
        desk.hearing.packet(ben.packet(SILENCE), desk.now)  # with the camera on
        desk.take(ana.packet(frame, epoch=9))
    assert desk.hearing.failing_since == 100.0
    assert desk.hearing.failing_until > 103.0
    for frame in ben.tone(440, 10):
        desk.take(ben.packet(frame))
    assert desk.hearing.failing_since is None


def test_failures_that_lie_far_apart_are_no_lasting_deafness() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    for minutes in range(3):
        desk.now = 100.0 + minutes * 60
        for frame in ana.tone(440, 10):
            desk.take(ana.packet(frame, epoch=9))
        for _ in range(5):
            desk.take(ana.packet(SILENCE))
        assert desk.hearing.failing_since == pytest.approx(100.0 + minutes * 60)


def test_silence_shows_that_the_transport_key_is_right_again() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    desk.take(ana.packet(SILENCE))
    key, desk.keys.secret_key = desk.keys.secret_key, [7] * 32
    wrong = ana.packet(SILENCE)
    desk.keys.secret_key = key
    desk.take(wrong)
    assert desk.hearing.failing_since is not None
    desk.take(ana.packet(SILENCE))
    assert desk.hearing.failing_since is None


def test_every_packet_of_a_member_counts_as_having_come_speech_or_not() -> None:
    desk = Desk(ANA, BEN)
    ana, ben = desk.join(ANA, 1001), desk.join(BEN, 1002)
    for index in range(10):
        desk.hearing.packet(ben.packet(ben.tone(440, 1)[0], epoch=9), desk.now)
        desk.take(ana.packet(SILENCE))
        came = desk.now - 0.02
        assert desk.hearing.came == {ANA: pytest.approx(came), BEN: pytest.approx(came)}, index
    desk.hearing.leave(BEN)
    assert set(desk.hearing.came) == {ANA}


def test_a_packet_that_came_twice_is_decrypted_once() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    for frame in ana.tone(440, 25):
        datagram = ana.packet(frame)
        desk.hearing.packet(datagram, desk.now)
        desk.take(datagram)
    desk.wait(0.3)
    assert desk.seconds(ANA) == 0.5
    assert desk.figures.late == 25
    assert desk.keys.session is not None
    assert len(desk.keys.session.opened_for) == 25


def test_a_new_connection_forgets_all_streams() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    for frame in ana.tone(440, 10):
        desk.take(ana.packet(frame))
    desk.hearing.reset()
    desk.wait(0.02)
    assert [user for user, _ in desk.ends] == [ANA]
    desk.hearing.arrive([ANA])
    again = desk.join(ANA, 2001)
    for frame in again.tone(440, 10):
        desk.take(again.packet(frame))
    desk.wait(0.3)
    assert desk.seconds(ANA) == 0.4


def test_a_stream_that_jumps_ahead_with_each_packet_does_not_make_more_than_time_gives() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    for frame in ana.tone(440, 500):
        desk.take(ana.packet(frame))
        ana.sequence = (ana.sequence + 60) & 0xFFFF
        ana.timestamp = (ana.timestamp + 60 * 960) & 0xFFFFFFFF
    desk.wait(1.0)
    assert desk.seconds(ANA) < 10 + 2 + 1
    assert desk.figures.excess > 10_000


def test_ten_seconds_that_were_lost_keep_their_time() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    packets = [ana.packet(frame) for frame in ana.tone(440, 540)]
    for index, packet in enumerate(packets):
        desk.take(packet if index < 20 or index >= 520 else None)
    desk.wait(1.0)
    assert desk.seconds(ANA) == pytest.approx(540 * 0.02, abs=0.11)
    assert desk.figures.excess == 0
