from bot.audio.opus import SILENCE
from bot.voice.receive.jitter import Ended, Gap, JitterBuffer, Lost, Piece, Play, Restarted

SPEECH = b"\x78speech"
STEP = 0.02


def push(buffer: JitterBuffer, index: int, now: float, packet: bytes = SPEECH) -> bool:
    sequence, timestamp = (65_000 + index) & 0xFFFF, (2**32 - 5000 + index * 960) & 0xFFFFFFFF
    return buffer.push(sequence, timestamp, packet, 960, now)


def kinds(pieces: list[Piece]) -> list[type]:
    return [type(piece) for piece in pieces]


def settled() -> JitterBuffer:
    """A buffer in which packets 0, 1 and 2 came and went out, the last at 0.04."""
    buffer = JitterBuffer()
    for index in range(3):
        push(buffer, index, index * STEP)
    assert kinds(buffer.pull(2 * STEP)) == [Play, Play, Play]
    return buffer


def test_a_packet_that_is_next_goes_out_at_once() -> None:
    buffer = settled()
    push(buffer, 3, 0.06)
    assert kinds(buffer.pull(0.06)) == [Play]


def test_a_new_stream_waits_for_a_packet_before_its_first() -> None:
    buffer = JitterBuffer()
    push(buffer, 1, 0.0)
    assert buffer.pull(0.01) == []
    push(buffer, 0, 0.02, b"\x78first")
    pieces = buffer.pull(0.05)
    assert [piece.packet for piece in pieces if isinstance(piece, Play)] == [b"\x78first", SPEECH]


def test_packets_behind_a_missing_one_wait_for_it() -> None:
    buffer = settled()
    push(buffer, 4, 0.08)
    assert buffer.pull(0.13) == []
    push(buffer, 3, 0.13)
    assert kinds(buffer.pull(0.13)) == [Play, Play]


def test_a_missing_packet_is_given_up_after_the_window_and_restored_from_the_next() -> None:
    buffer = settled()
    push(buffer, 4, 0.08)
    pieces = buffer.pull(0.141)
    assert kinds(pieces) == [Lost, Play]
    assert isinstance(pieces[0], Lost)
    assert pieces[0].following == SPEECH


def test_of_several_missing_packets_only_the_last_can_be_restored() -> None:
    buffer = settled()
    push(buffer, 6, 0.12)
    pieces = buffer.pull(0.2)
    assert [piece.following for piece in pieces if isinstance(piece, Lost)] == [None, None, SPEECH]


def test_more_than_five_missing_packets_become_silence_of_their_length() -> None:
    buffer = settled()
    push(buffer, 11, 0.14)
    pieces = buffer.pull(0.21)
    assert kinds(pieces) == [Lost, Lost, Lost, Lost, Lost, Gap, Play]
    assert isinstance(pieces[5], Gap)
    assert pieces[5].samples == 3 * 960


def test_a_pause_of_the_sender_within_a_spurt_keeps_its_time() -> None:
    buffer = settled()
    buffer.push(65_003, (2**32 - 5000 + 3 * 960 + 4800) & 0xFFFFFFFF, SPEECH, 960, 0.16)
    pieces = buffer.pull(0.16)
    assert kinds(pieces) == [Gap, Play]
    assert isinstance(pieces[0], Gap)
    assert pieces[0].samples == 4800


def test_three_silence_frames_end_a_spurt_and_are_no_part_of_it() -> None:
    buffer = settled()
    out: list[Piece] = []
    for index in range(3, 8):
        push(buffer, index, index * STEP, SILENCE)
        out += buffer.pull(index * STEP)
    assert out == [Ended(2 * STEP)]
    assert buffer.due(1e9) is None


def test_a_short_silence_within_speech_is_part_of_it() -> None:
    buffer = settled()
    push(buffer, 3, 0.06, SILENCE)
    push(buffer, 4, 0.08, SILENCE)
    assert buffer.pull(0.08) == []
    push(buffer, 5, 0.1)
    pieces = buffer.pull(0.1)
    assert [piece.packet for piece in pieces if isinstance(piece, Play)] == [
        SILENCE,
        SILENCE,
        SPEECH,
    ]


def test_nothing_for_200_ms_ends_a_spurt() -> None:
    buffer = settled()
    assert buffer.pull(0.23) == []
    assert buffer.pull(0.25) == [Ended(0.04)]


def test_packets_that_cannot_be_opened_yet_keep_a_spurt_open() -> None:
    buffer = settled()
    buffer.touch(0.2)
    assert buffer.pull(0.39) == []
    assert kinds(buffer.pull(0.41)) == [Ended]


def test_the_time_between_two_spurts_is_not_filled() -> None:
    buffer = settled()
    buffer.pull(0.3)
    buffer.push(65_003, (2**32 - 5000 + 500 * 960) & 0xFFFFFFFF, SPEECH, 960, 10.0)
    assert kinds(buffer.pull(10.0)) == [Play]


def test_speech_lost_while_the_spurt_seemed_over_keeps_its_time() -> None:
    buffer = settled()
    assert kinds(buffer.pull(0.3)) == [Ended]
    push(buffer, 33, 0.66)
    pieces = buffer.pull(0.73)
    assert kinds(pieces) == [Gap, Play]
    assert isinstance(pieces[0], Gap)
    assert pieces[0].samples == 30 * 960


def test_lost_silence_frames_are_not_filled_before_the_next_spurt() -> None:
    buffer = settled()
    for index in range(3, 6):
        push(buffer, index, index * STEP, SILENCE)
    assert kinds(buffer.pull(0.2)) == [Ended]
    push(buffer, 8, 5.0)
    assert kinds(buffer.pull(5.1)) == [Play]


def test_late_and_repeated_packets_are_refused() -> None:
    buffer = settled()
    assert not push(buffer, 2, 0.05)
    push(buffer, 5, 0.06)
    assert not buffer.wants((65_000 + 5) & 0xFFFF, 0, 0.06)
    assert not push(buffer, 5, 0.06)


def test_one_stray_packet_changes_nothing_and_two_in_a_row_are_a_new_stream() -> None:
    buffer = settled()
    assert buffer.push(20_000, 7, SPEECH, 960, 0.06)
    assert buffer.pull(0.06) == []
    push(buffer, 3, 0.06)
    assert kinds(buffer.pull(0.06)) == [Play]
    buffer.push(30_000, 960, SPEECH, 960, 0.08)
    buffer.push(30_001, 1920, SPEECH, 960, 0.1)
    assert kinds(buffer.pull(0.1)) == [Restarted, Play, Play]


def test_what_waits_comes_out_when_the_stream_is_finished() -> None:
    buffer = settled()
    push(buffer, 4, 0.08)
    assert kinds(buffer.finish()) == [Lost, Play, Ended]
