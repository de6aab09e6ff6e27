"""What has to wait for a name, a key or a packet before it: nothing of it is lost or overtaken."""

import pytest

from bot.audio.opus import SILENCE
from bot.voice.receive.held_packets import Held, Holding
from tests.unit.voice.voice_call import Desk, Group, Talker

ANA, BEN, CAT = 11, 22, 33


def session(desk: Desk) -> Group:
    assert desk.keys.session is not None
    return desk.keys.session


def speak(desk: Desk, talker: Talker, frames: int, epoch: int | None = None) -> None:
    for frame in talker.tone(440, frames):
        desk.take(talker.packet(frame, epoch=epoch))


def stop(desk: Desk, talker: Talker) -> None:
    for _ in range(5):
        desk.take(talker.packet(SILENCE))
    desk.wait(0.3)


@pytest.mark.parametrize("late", [1, 10, 20, 30, 200])
def test_a_key_that_comes_just_before_a_packet_opens_all_that_waited_for_it(late: int) -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    speak(desk, ana, 50)
    speak(desk, ana, late, epoch=2)
    session(desk).epoch = 2  # no look at what is held lies between this and the next packet
    speak(desk, ana, 50)
    stop(desk, ana)
    assert desk.seconds(ANA) == pytest.approx((100 + late) * 0.02)
    assert desk.figures.lost == desk.figures.dave_failures == 0
    assert len(desk.ends) == 1


def test_a_key_that_comes_while_what_is_held_is_tried_opens_the_oldest_first() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    speak(desk, ana, 50)
    group = session(desk)
    decrypt = group.decrypt

    def soon(user_id: int, media: object, packet: bytes) -> bytes:
        try:
            return decrypt(user_id, media, packet)  # type: ignore[arg-type]
        finally:
            if group.failures == 7:
                group.epoch = 2

    group.decrypt = soon  # type: ignore[method-assign,assignment]
    speak(desk, ana, 30, epoch=2)
    stop(desk, ana)
    assert desk.seconds(ANA) == pytest.approx(1.6)
    assert desk.figures.lost == 0


def test_the_end_of_a_sentence_does_not_overtake_what_waits_for_its_key() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    speak(desk, ana, 50)
    speak(desk, ana, 10, epoch=2)
    for _ in range(5):
        desk.take(ana.packet(SILENCE))
    session(desk).epoch = 2
    desk.wait(0.3)
    assert desk.seconds(ANA) == pytest.approx(1.2)
    assert len(desk.ends) == 1


def test_the_last_words_of_who_leaves_are_opened_though_their_key_came_with_the_leave() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    speak(desk, ana, 50)
    speak(desk, ana, 20, epoch=2)
    session(desk).epoch = 2
    desk.hearing.leave(ANA)
    desk.wait(0.3)
    assert desk.seconds(ANA) == pytest.approx(1.4)


def test_packets_that_change_places_where_the_key_changes_are_all_opened() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    speak(desk, ana, 50)
    session(desk).epoch = 2
    packets = [ana.packet(frame) for frame in ana.tone(440, 20)]
    for index in (1, 0, 2, 4, 5, 3, *range(6, 20)):
        desk.take(packets[index])
    stop(desk, ana)
    assert desk.seconds(ANA) == pytest.approx(1.4)
    assert desk.figures.lost == 0


def test_a_stream_whose_first_packets_change_places_loses_none() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    packets = [ana.packet(frame) for frame in ana.tone(440, 20)]
    for index in (2, 0, 1, *range(3, 20)):
        desk.take(packets[index])
    stop(desk, ana)
    assert desk.seconds(ANA) == pytest.approx(0.4)


def test_a_frame_that_never_opens_does_not_keep_those_behind_it_waiting() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    speak(desk, ana, 50)
    speak(desk, ana, 1, epoch=9)
    speak(desk, ana, 49)
    assert desk.seconds(ANA) == pytest.approx(2.0, abs=0.11)
    stop(desk, ana)
    assert desk.seconds(ANA) == pytest.approx(2.0)
    assert desk.figures.dave_failures == desk.figures.lost == 1


@pytest.mark.parametrize("old", [1, 25])
def test_an_unknown_stream_is_found_though_it_begins_with_frames_of_an_older_key(old: int) -> None:
    desk = Desk(ANA, BEN)
    ana = desk.join(ANA, 1001, announced=False)
    session(desk).epoch = 3
    speak(desk, ana, old, epoch=9)  # which the bot, who came later, never gets
    speak(desk, ana, 50)
    stop(desk, ana)
    assert desk.seconds(ANA) == pytest.approx(1.0)
    assert desk.figures.proven == 1


def test_an_unknown_stream_whose_key_is_late_loses_nothing() -> None:
    desk = Desk(ANA, BEN)
    ana = desk.join(ANA, 1001, announced=False)
    speak(desk, ana, 30, epoch=2)
    session(desk).epoch = 2
    speak(desk, ana, 30)
    stop(desk, ana)
    assert desk.seconds(ANA) == pytest.approx(1.2)


def test_a_wrong_announcement_loses_nothing() -> None:
    desk = Desk(ANA, BEN)
    ana = desk.join(ANA, 1001)
    desk.join(BEN, 1002)
    desk.hearing.announce(1001, BEN)
    speak(desk, ana, 150)
    stop(desk, ana)
    assert BEN not in desk.pcm
    assert desk.seconds(ANA) == pytest.approx(3.0)


def test_an_announcement_that_is_put_right_loses_nothing() -> None:
    desk = Desk(ANA, BEN)
    ana = desk.join(ANA, 1001, announced=False)
    desk.hearing.announce(1001, BEN)
    speak(desk, ana, 20)
    desk.hearing.announce(1001, ANA)
    speak(desk, ana, 20)
    stop(desk, ana)
    assert desk.seconds(ANA) == pytest.approx(0.8)


@pytest.mark.parametrize("late", [15, 80, 240])
def test_on_a_stage_a_late_announcement_costs_nothing_of_the_beginning(late: int) -> None:
    desk = stage(ANA)
    ana = desk.join(ANA, 1001, announced=False)
    speak(desk, ana, late)
    assert desk.pcm == {}
    desk.hearing.announce(1001, ANA)
    speak(desk, ana, 20)
    stop(desk, ana)
    assert desk.seconds(ANA) == pytest.approx((late + 20) * 0.02)
    assert desk.figures.excess == 0


def stage(*allowed: int) -> Desk:
    desk = Desk(*allowed)
    desk.keys.session = None
    desk.keys.dave_version = 0
    return desk


def test_sentences_that_waited_for_an_announcement_stay_apart() -> None:
    desk = stage(ANA)
    ana = desk.join(ANA, 1001, announced=False)
    for _ in range(3):
        speak(desk, ana, 20)
        stop(desk, ana)
    desk.hearing.announce(1001, ANA)
    desk.wait(0.3)
    assert desk.seconds(ANA) == pytest.approx(1.2)
    assert len(desk.ends) == 3


@pytest.mark.parametrize("encrypted", [True, False])
def test_nothing_that_was_held_before_somebody_agreed_is_heard_afterwards(
    *, encrypted: bool
) -> None:
    desk = Desk(BEN) if encrypted else stage(BEN)
    ana = desk.join(ANA, 1001, announced=False)
    speak(desk, ana, 25)
    desk.hearing.allowed = frozenset({ANA, BEN})
    speak(desk, ana, 25)
    desk.hearing.announce(1001, ANA)
    stop(desk, ana)
    assert desk.seconds(ANA) == pytest.approx(0.5)


def test_nothing_that_was_held_before_a_moment_without_consent_is_heard_afterwards() -> None:
    desk = stage(ANA)
    ana = desk.join(ANA, 1001, announced=False)
    speak(desk, ana, 25)
    desk.hearing.allowed = frozenset()
    desk.wait(0.02)
    desk.hearing.allowed = frozenset({ANA})
    speak(desk, ana, 10)
    desk.hearing.announce(1001, ANA)
    stop(desk, ana)
    assert desk.seconds(ANA) == pytest.approx(0.2)


def test_a_member_who_reconnects_in_mid_sentence_goes_on_under_the_new_stream() -> None:
    desk = stage(ANA)
    ana = desk.join(ANA, 1001)
    speak(desk, ana, 30)
    late = [ana.packet(frame) for frame in ana.tone(440, 2)]
    again = desk.join(ANA, 2002)
    speak(desk, again, 10)
    for packet in late:  # of the old connection, still on their way
        desk.take(packet)
    speak(desk, again, 30)
    stop(desk, again)
    assert desk.seconds(ANA) == pytest.approx(72 * 0.02)
    assert len(desk.ends) == 1


def test_two_streams_of_one_member_do_not_take_the_name_from_each_other() -> None:
    desk = Desk(ANA)
    old, new = desk.join(ANA, 1001), desk.join(ANA, 2002)
    for first, second in zip(old.tone(300, 40), new.tone(700, 40), strict=True):
        desk.hearing.packet(old.packet(first), desk.now)
        desk.take(new.packet(second))
    desk.wait(0.5)
    assert desk.seconds(ANA) == pytest.approx(1.6)
    assert desk.figures.proven == desk.figures.unknown_expired == 0
    assert len(desk.ends) == 1


@pytest.mark.parametrize("members", [64, 65, 300])
def test_everybody_is_heard_where_all_of_a_big_call_begin_at_once(members: int) -> None:
    users = [1000 + number for number in range(members)]
    desk = Desk(*users)
    talkers = [desk.join(user, 100_000 + user) for user in users]
    frames = talkers[0].tone(440, 20)
    for frame in frames:
        for talker in talkers:
            desk.take(talker.packet(frame), 0.0)
        desk.wait(0.02)
    desk.wait(0.3)
    assert {round(desk.seconds(user), 2) for user in users} == {0.4}
    assert desk.figures.dave_failures == desk.figures.lost == 0


def test_streams_without_end_take_no_more_room_than_there_is() -> None:
    holding = Holding()
    dropped = 0
    for number in range(200):
        for sequence in range(5):
            packet = Held(sequence, 960 * sequence, bytes(100_000), 1.0, frozenset())
            dropped += holding.hold(number, packet)
    kept = [packet for queue in holding.queues.values() for packet in queue]
    assert sum(len(packet.frame) for packet in kept) <= 1 << 25
    assert len(kept) + dropped == 1000
    assert 199 in holding.queues
