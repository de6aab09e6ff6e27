"""Whose translation is spoken when, how loud and how fast: by a clock that is moved by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.voice_mode import VoiceMode
from bot.room.captions import CaptionLine
from bot.room.spoken.voice_queue import QueuedUtterance, VoiceQueue
from tests.support.clock import ManualClock
from tests.support.tracks import TimedTrack

A, B, C, D = (QueuedUtterance(CaptionLine(visit, "en"), 1) for visit in (1, 2, 3, 4))
SECOND = 48_000  # bytes
STEP = 0.1


class Call:
    """A queue, the tracks that it began, and people who speak or not."""

    def __init__(self, mode: VoiceMode = VoiceMode.CONSECUTIVE) -> None:
        self.clock = ManualClock()
        self.start = self.clock.now()
        self.tracks: list[TimedTrack] = []
        self.skipped: list[QueuedUtterance] = []
        self.people = False
        self.plays = True
        self.queue = VoiceQueue(
            self._begin, speaking=lambda: self.people, skipped=self.skipped.append
        )
        self.queue.mode = mode

    def _begin(self, gain: float) -> TimedTrack | None:
        if not self.plays:
            return None
        track = TimedTrack(self.clock)
        track.gain = gain
        self.tracks.append(track)
        return track

    def say(self, utterance: QueuedUtterance, seconds: float, *, whole: bool = True) -> None:
        """The service brings so much voice at once, of a letter for each speaker."""
        letter = "xabcd"[utterance.line.visit].encode()
        self.queue.voice(utterance, letter * round(seconds * SECOND), self.clock.now())
        if whole:
            self.queue.ended(utterance)
        self.look()

    def look(self) -> float | None:
        return self.queue.advance(self.clock.now())

    def wait(self, seconds: float) -> None:
        """Time passes, and the queue is called as often as it asks for."""
        end = self.clock.now() + seconds
        while True:
            due = self.look()
            if due is None or due >= end:
                break
            assert due > self.clock.now()
            self.clock.advance_to(due)
        self.clock.advance_to(end)
        self.look()

    @property
    def order(self) -> str:
        return " ".join(chr(track.pcm[0]) for track in self.tracks if track.pcm)

    def began(self, index: int) -> float:
        """Seconds after the start of the test."""
        return round(self.tracks[index].began_at - self.start, 1)


def test_the_one_being_spoken_streams_and_the_other_waits_its_turn() -> None:
    call = Call()
    call.say(A, 1, whole=False)
    call.say(B, 1)
    call.wait(0.5)
    call.say(A, 1)
    assert call.order == "a"
    call.wait(3)
    assert call.order == "a b"
    assert call.tracks[0].heard_s == 2


def test_an_utterance_begins_with_its_first_piece_and_others_a_pause_after_it() -> None:
    call = Call()
    call.say(A, 1)
    call.say(B, 1)
    call.wait(3)
    assert call.began(0) == 0
    assert 1.2 <= call.began(1) <= 1.5


def test_the_voice_of_one_that_waits_is_bounded() -> None:
    call = Call()
    call.say(A, 1)
    for _ in range(200):
        call.say(B, 1, whole=False)
    call.wait(2)
    assert len(call.tracks[1].pcm) <= 61 * SECOND


def test_voice_in_small_pieces_is_put_together_while_it_waits() -> None:
    call = Call()
    call.say(A, 1)
    for _ in range(5_000):
        call.queue.voice(B, b"bb", call.clock.now())
    (waiting,) = [voice for voice in call.queue._queue if voice.utterance == B]
    assert len(waiting.pieces) == 1


def test_of_very_many_that_wait_only_the_newest_stays() -> None:
    call = Call()
    call.say(QueuedUtterance(CaptionLine(1, "en"), 0), 1)
    for turn in range(1, 1_000):
        call.queue.voice(QueuedUtterance(CaptionLine(1, "en"), turn), b"aa", call.clock.now())
        call.look()
        assert len(call.queue._queue) <= 66
    assert len(call.skipped) > 900


@pytest.mark.parametrize(
    ("backlog_s", "rate"), [(7.5, 1.0), (8.5, 1.05), (10.0, 1.15), (12.5, 1.25), (15.5, 1.25)]
)
def test_a_backlog_is_spoken_faster_but_never_by_more_than_a_quarter(
    backlog_s: float, rate: float
) -> None:
    call = Call()
    call.say(A, 2)
    call.say(B, backlog_s - 2)
    call.look()
    assert call.tracks[0].rate == pytest.approx(rate)
    assert call.skipped == []


def test_what_was_hurried_is_spoken_at_ease_again_once_the_backlog_is_gone() -> None:
    call = Call()
    call.say(A, 6)
    call.say(B, 6)
    assert call.tracks[0].rate > 1
    call.wait(9)
    assert call.order == "a b"
    assert call.tracks[1].rate == 1


def test_what_speed_does_not_make_up_for_is_skipped_to_the_newest_and_told() -> None:
    call = Call()
    call.say(A, 4)
    call.say(B, 6)
    call.say(C, 5)
    assert call.skipped == []
    call.say(D, 4)
    assert call.skipped == [B, C]
    call.say(B, 1)
    call.wait(20)
    assert call.order == "a d"
    assert call.queue.skipped == 2
    assert call.tracks[0].heard_s == 4, "the one being spoken is not cut off"


def test_a_voice_that_broke_off_does_not_block_the_others() -> None:
    call = Call()
    call.say(A, 1, whole=False)
    call.say(B, 1)
    call.wait(4.9)
    assert call.order == "a"
    call.wait(1)
    assert call.order == "a b"
    call.say(B, 1, whole=False)
    call.say(C, 1)
    call.queue.broke_off(B.line)
    call.wait(5)
    assert call.order == "a b b c"


def test_who_withdraws_is_not_heard_any_more_not_even_in_the_middle() -> None:
    call = Call()
    call.say(A, 5)
    call.say(B, 1)
    call.say(A, 5)
    call.wait(1)
    call.queue.silence(A.line.visit)
    assert call.tracks[0].dropped
    call.say(A, 1)
    call.wait(5)
    assert call.order == "a b"


def test_stop_is_immediate_and_nothing_comes_after_it() -> None:
    call = Call()
    call.say(A, 5, whole=False)
    call.say(B, 5)
    call.wait(1)
    call.queue.stop()
    assert all(track.over for track in call.tracks)
    assert call.look() is None
    call.say(A, 5)
    call.say(B, 5)
    assert len(call.tracks) == 1
    assert call.skipped == []


def test_skipping_breaks_off_what_is_spoken_and_goes_on_with_the_next() -> None:
    call = Call()
    assert call.queue.skip() == 0
    call.say(A, 5)
    call.say(B, 2)
    call.wait(1)
    assert call.queue.skip() == 1
    assert call.tracks[0].dropped
    assert call.skipped == [A]
    call.wait(0.5)
    assert call.order == "a b"
    call.wait(3)
    assert call.queue.skip() == 0


def test_an_utterance_that_the_link_lost_is_not_gone_on_with_but_the_next_is_whole() -> None:
    call = Call()
    call.say(A, 2, whole=False)
    call.wait(0.5)
    call.tracks[0].lost = True
    call.say(A, 2)
    call.say(B, 2)
    call.wait(5)
    assert call.order == "a b"
    assert call.tracks[1].heard_s == 2


def test_where_nothing_is_spoken_nothing_is_kept_to_be_spoken_later() -> None:
    call = Call()
    call.plays = False
    call.say(A, 2, whole=False)
    call.say(B, 2)
    call.plays = True
    call.say(A, 2)
    call.wait(1)
    assert call.tracks == []
    call.say(C, 1)
    assert call.order == "c"


def test_the_volume_is_that_of_what_is_spoken_and_of_what_follows() -> None:
    call = Call()
    call.say(A, 1)
    call.say(B, 1)
    call.queue.volume = 0.4
    call.look()
    call.wait(2)
    assert [track.gain for track in call.tracks] == [0.4, 0.4]


def test_politeness_waits_for_the_next_pause() -> None:
    call = Call(VoiceMode.POLITE)
    call.people = True
    call.say(A, 2)
    call.wait(3)
    assert call.tracks == []
    call.people = False
    call.wait(1)
    assert call.began(0) == pytest.approx(3, abs=0.2)
    call.people = True
    call.wait(2)
    assert call.tracks[0].held
    heard_s = call.tracks[0].heard_s
    assert heard_s == pytest.approx(1, abs=0.3)
    call.people = False
    call.wait(3)
    assert call.tracks[0].heard_s == 2


def test_politeness_is_at_most_ten_seconds_late() -> None:
    call = Call(VoiceMode.POLITE)
    call.people = True
    call.say(A, 2)
    call.say(B, 2)
    call.wait(9.5)
    assert call.tracks == []
    call.wait(6)
    assert call.order == "a b", "one who waits behind another has waited, too"
    assert call.began(0) == pytest.approx(10, abs=0.2)
    assert not any(track.held for track in call.tracks)


def test_politeness_ends_with_its_mode() -> None:
    call = Call(VoiceMode.POLITE)
    call.say(A, 2)
    call.people = True
    call.wait(1)
    assert call.tracks[0].held
    call.queue.mode = VoiceMode.CONSECUTIVE
    call.wait(3)
    assert call.tracks[0].heard_s == 2


def test_speaking_over_people_is_at_half_the_volume_while_they_speak() -> None:
    call = Call(VoiceMode.OVER)
    call.queue.volume = 0.8
    call.people = True
    call.say(A, 3)
    assert call.began(0) == 0
    assert call.tracks[0].gain == 0.4
    call.people = False
    call.wait(0.3)
    assert call.tracks[0].gain == 0.8
    call.people = True
    call.wait(0.3)
    assert call.tracks[0].gain == 0.4
    assert not call.tracks[0].held


@pytest.mark.parametrize("mode", [VoiceMode.CONSECUTIVE, VoiceMode.SIMULTANEOUS])
def test_other_modes_do_not_mind_people(mode: VoiceMode) -> None:
    call = Call(mode)
    call.people = True
    call.say(A, 2)
    call.wait(1)
    assert (call.tracks[0].gain, call.tracks[0].held) == (1, False)


def test_different_speakers_are_spoken_at_the_same_time_each_one_in_order() -> None:
    call = Call(VoiceMode.SIMULTANEOUS)
    again = QueuedUtterance(A.line, 2)
    call.say(A, 2)
    call.say(again, 2)
    call.say(B, 2)
    assert call.order == "a b"
    call.wait(3)
    assert call.order == "a b a"
    assert call.began(2) == pytest.approx(2.3, abs=0.2)


def test_at_the_same_time_there_are_at_most_four() -> None:
    call = Call(VoiceMode.SIMULTANEOUS)
    for visit in range(1, 7):
        call.queue.voice(QueuedUtterance(CaptionLine(visit, "en"), 1), bytes(SECOND), 0)
    call.wait(0)
    assert len(call.tracks) == 4


def test_a_backlog_of_one_speaker_hurries_nobody_else() -> None:
    call = Call(VoiceMode.SIMULTANEOUS)
    call.say(A, 12)
    call.say(B, 2)
    assert [track.rate for track in call.tracks] == [1.25, 1]


_ACTIONS = st.one_of(
    st.tuples(st.just("say"), st.integers(1, 4), st.floats(0.05, 6)),
    st.tuples(st.just("piece"), st.integers(1, 4), st.floats(0.05, 6)),
    st.tuples(st.just("wait"), st.integers(0, 1), st.floats(0.0, 8)),
    st.tuples(st.just("people"), st.integers(0, 1), st.just(0.0)),
    st.tuples(st.just("mode"), st.integers(0, 3), st.just(0.0)),
    st.tuples(st.just("skip"), st.integers(0, 1), st.just(0.0)),
    st.tuples(st.just("silence"), st.integers(1, 4), st.just(0.0)),
)


@given(st.lists(_ACTIONS, max_size=30))
def test_whatever_happens_it_ends_and_nobody_is_spoken_twice(
    actions: list[tuple[str, int, float]],
) -> None:
    call = Call()
    turn = 0
    for action, number, seconds in actions:
        match action:
            case "say" | "piece":
                turn += action == "say"
                line = CaptionLine(number, "en")
                call.say(QueuedUtterance(line, turn), seconds, whole=action == "say")
            case "wait":
                call.wait(seconds)
            case "people":
                call.people = bool(number)
            case "mode":
                call.queue.mode = list(VoiceMode)[number]
            case "skip":
                call.queue.skip()
            case _:
                call.queue.silence(number)
        call.look()
        assert all(1 <= track.rate <= 1.25 for track in call.tracks)
        at_once = sum(not track.over for track in call.tracks)
        assert at_once <= 4
    call.wait(200)
    assert call.look() is None
    assert all(track.over for track in call.tracks)
    spoken = [track for track in call.tracks if not track.dropped]
    assert all(track.left_s() == pytest.approx(0, abs=1e-6) for track in spoken)


def test_how_late_a_voice_is_counts_from_its_speech_until_its_turn_has_come() -> None:
    call = Call()
    late: list[float] = []
    call.queue._tell_begun = lambda began_at: late.append(call.clock.now() - began_at)
    began_at = call.clock.now()
    call.queue.voice(A, b"a" * 2 * SECOND, call.clock.now(), began_at - 1.0)
    call.queue.ended(A)
    call.queue.voice(B, b"b" * SECOND, call.clock.now(), began_at)
    call.queue.voice(B, b"b" * SECOND, call.clock.now(), began_at + 5.0)
    call.look()
    assert late == [pytest.approx(1.0)]
    call.wait(5.0)
    assert late[1:] == [pytest.approx(2.25, abs=STEP)]  # behind the other and a pause
