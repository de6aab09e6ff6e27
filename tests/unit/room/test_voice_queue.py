"""One voice after the other."""

from bot.room.captions import CaptionLine
from bot.room.voice_queue import QueuedUtterance, VoiceQueue

A, B, C, D = (QueuedUtterance(CaptionLine(visit, "en"), 1) for visit in (1, 2, 3, 4))
SECOND = 48_000  # bytes


class Played:
    def __init__(self) -> None:
        self.pcm = bytearray()

    def __call__(self, pcm: bytes) -> None:
        self.pcm += pcm

    @property
    def order(self) -> str:
        """What was played, each run of equal bytes once, pauses as spaces."""
        text, last = "", -1
        for value in self.pcm[::2]:
            if value != last:
                text += chr(value) if value else " "
                last = value
        return text


def test_the_one_being_spoken_streams_and_the_other_waits_its_turn() -> None:
    played = Played()
    voices = VoiceQueue(played)
    voices.voice(A, b"aa", 0)
    voices.voice(B, b"bb", 0)
    voices.voice(A, b"aa", 1)
    assert played.order == "a"
    voices.ended(B)
    voices.ended(A)
    assert played.order == "a b"


def test_one_who_has_not_begun_to_speak_is_heard_when_its_voice_comes() -> None:
    played = Played()
    voices = VoiceQueue(played)
    voices.voice(A, b"aa", 0)
    voices.ended(A)
    voices.voice(B, b"bb", 1)
    assert played.order == "a b"


def test_the_voice_of_one_that_waits_is_bounded() -> None:
    played = Played()
    voices = VoiceQueue(played)
    voices.voice(A, b"aa", 0)
    for _ in range(200):
        voices.voice(B, b"bb" * (SECOND // 2), 0)
    voices.ended(A)
    assert len(played.pcm) <= 62 * SECOND
    assert played.order == "a b"


def test_voice_in_small_pieces_is_put_together_while_it_waits() -> None:
    played = Played()
    voices = VoiceQueue(played)
    voices.voice(A, b"aa", 0)
    for _ in range(SECOND):
        voices.voice(B, b"bb", 0)
    assert len(voices._queue[1].pieces) == 2
    voices.ended(A)
    assert played.pcm.count(b"b") == 2 * SECOND


def test_of_too_many_that_wait_the_oldest_is_dropped() -> None:
    voices = VoiceQueue(Played())
    for visit in range(1_000):
        voices.voice(QueuedUtterance(CaptionLine(visit, "en"), 1), b"aa", 0)
    assert len(voices._queue) == 64
    assert voices.dropped == 1_000 - 64


def test_when_too_much_waits_the_oldest_waiting_is_dropped_whole() -> None:
    played = Played()
    voices = VoiceQueue(played, max_waiting_s=3)
    voices.voice(A, b"aa", 0)
    for utterance, letter in ((B, b"bb"), (C, b"cc"), (D, b"dd")):
        voices.voice(utterance, letter * (SECOND // 2) * 2, 0)
    voices.voice(B, b"bb", 0)
    voices.ended(A)
    voices.ended(C)
    voices.ended(D)
    assert played.order == "a d"
    assert voices.dropped == 2


def test_a_voice_that_broke_off_does_not_block_the_others() -> None:
    played = Played()
    voices = VoiceQueue(played)
    voices.voice(A, b"aa", 0)
    voices.voice(B, b"bb", 1)
    voices.voice(B, b"bb", 6)
    assert played.order == "a b"
    voices.voice(C, b"cc", 6)
    voices.broke_off(B.line)
    assert played.order == "a b c"


def test_who_is_silenced_is_not_spoken() -> None:
    played = Played()
    voices = VoiceQueue(played)
    voices.voice(A, b"aa", 0)
    voices.voice(B, b"bb", 0)
    voices.voice(C, b"cc", 0)
    voices.silence(B.line.visit)
    voices.voice(B, b"bb", 0)
    voices.ended(A)
    assert played.order == "a c"
