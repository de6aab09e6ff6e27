"""Keeps the bot's own voice out of what one member says.

While nothing is played, what comes in goes through untouched, and so it does while the bot speaks
to a member with headphones. Only the first second of somebody who is not known yet is held back
then, at most, until it is clear whether it is an echo. Where it is one, only what the member says
themselves goes on, with the echo taken out, and three tenths of a second late.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import numpy as np

from bot.domain.events import SPEECH_RATE
from bot.voice.echo.canceller import BEFORE, OWN, OWN_STILL, TAPS, Canceller
from bot.voice.echo.coherence import Coherence, Likeness
from bot.voice.echo.played import REACH_S, PlayedVoice
from bot.voice.echo.spectra import BINS, HOP, Sound, Spectra, spectra, windows_of

_DELAYS: Final = round(REACH_S * SPEECH_RATE / HOP)
_USUAL: Final = round(0.42 * SPEECH_RATE / HOP)  # hops, by which most echoes have come
_HELD: Final = 75  # hops held back at most until it is clear, 1.2 s
_ENOUGH: Final = 16.0  # hops of played voice without a likeness, after which there is no echo
_SURE: Final = 24.0  # hops over which a likeness is measured well
_ECHO: Final = 0.10  # share over so many
_ECHO_EARLY: Final = ((14.0, 0.30), (_SURE, 0.20))  # below so many hops, so much is needed
_ECHO_AGAIN: Final = 0.05  # of somebody whose microphone is known, at the known delay
_NONE: Final = 0.03
_NONE_FOR: Final = 250  # hops, 4 s
_TRUSTED: Final = 190.0  # audible hops without an echo, 3 s, after which nothing is held back
_LOUD: Final = 100.0  # root mean square that counts as audible
_AHEAD: Final = 18  # hops that go out before speech is found, 290 ms
_BEHIND: Final = 25  # and behind it, 400 ms
_HITS: Final = 3  # hops of own speech, of the last five, that make it speech
_TELL: Final = 60  # hops of echo, 1 s, before its member is told


class _State(Enum):
    OPEN = auto()  # nothing was played that could come back
    HELD = auto()  # not known yet
    CLEAR = auto()  # no echo
    ECHO = auto()


@dataclass(frozen=True, slots=True)
class Passed:
    """What goes through: PCM16 at 16 kHz, and the clock second at which it ends."""

    pcm: bytes
    at: float


class EchoGuard:
    """Recognises the bot's own voice in one member's audio.

    Args:
        played: What the bot plays in the member's channel.

    Attributes:
        sure: The member's microphone returned the bot's voice for a second at least.
    """

    def __init__(self, played: PlayedVoice) -> None:
        self._played = played
        self._state = _State.OPEN
        self._coherence = Coherence(_DELAYS)
        self._canceller = Canceller()
        self._speaking = False  # as those behind know it
        self._trust = 0.0  # hops
        self._known: int | None = None  # hops of delay of an echo found before
        self._echoed = 0  # hops
        self.sure = False
        self._begin(0)
        self._state = _State.OPEN

    def feed(self, pcm: bytes, at: float) -> list[Passed | None]:
        """Take speech that ends at clock second `at`.

        Returns:
            What goes through, in order; None where speech ends for now.
        """
        returns = self._played.returns(at)
        if self._state is _State.OPEN:
            if not returns:
                return self._pass([Passed(pcm, at)])
            self._begin(round(at * SPEECH_RATE) - len(pcm) // 2)
        out = self._analyse(pcm, at)
        return out if returns else out + self._leave()

    def finish(self) -> list[Passed | None]:
        """Let out what is held, as the member fell silent."""
        return self._leave() + self._silence()

    @property
    def busy(self) -> bool:
        """Whether it compares, or holds something."""
        return self._state is not _State.OPEN

    def speaks(self) -> None:
        """Speech of the member's went past it, as nothing was played."""
        self._speaking = True

    # Inside

    def _begin(self, origin: int) -> None:
        """Compare from this sample of the clock on."""
        self._origin = origin
        self._first = round(origin / HOP)  # the hop of the clock at which ours begin
        self._hop = 0  # the next to compare
        self._raw = np.zeros(0, np.int16)  # from that hop on
        self._held: list[Passed] = []
        self._own = np.zeros((0, BINS), np.complex64)  # the latest, up to the next to compare
        self._last: Likeness | None = None
        self._before: Likeness | None = None
        self._loud = 0  # hops, of the latest, in which an echo would have been heard
        self._unlike = 0
        self._coherence.clear()
        self._state = _State.HELD if self._trust < _TRUSTED else _State.CLEAR

    def _analyse(self, pcm: bytes, at: float) -> list[Passed | None]:
        self._raw = np.concatenate([self._raw, np.frombuffer(pcm, "<i2")])
        count = len(self._raw) // HOP - 1
        if self._state is _State.HELD:
            self._held.append(Passed(pcm, at))
        out: list[Passed | None] = []
        if self._state is _State.CLEAR:
            out = self._pass([Passed(pcm, at)])
        if count < 1:
            return out
        sound = self._raw[: (count + 1) * HOP].astype(np.float32)
        self._raw = self._raw[count * HOP :]
        own = spectra(sound)
        self._own = np.concatenate([self._own, own])[-_HELD - 8 :]
        self._compare(own, sound)
        first, self._hop = self._hop, self._hop + count
        if self._state is _State.ECHO:
            return out + self._clean(own, first)
        return out + self._decide()

    def _compare(self, own: Spectra, sound: Sound) -> None:
        count = len(own)
        first = self._first + self._hop - _DELAYS + 1
        played, audible = self._played.hops(first, count + _DELAYS - 1)
        self._coherence.add(own, played, audible)
        self._last, self._before = self._coherence.likeness(), self._last
        loud = float(np.sqrt(np.square(sound).mean())) > _LOUD and bool(audible.any())
        self._loud = count if loud else 0

    def _decide(self) -> list[Passed | None]:
        """Whether there is an echo, while there is none known."""
        likeness, before = self._last, self._before
        if likeness is None:
            return []
        steady = before is not None and abs(likeness.delay - before.delay) <= 2
        if steady and likeness.share > self._needed(likeness):
            return self._echo_found(likeness.delay)
        if self._state is _State.CLEAR:
            self._trust += self._loud
        else:
            latest = _USUAL if self._known is None else max(_USUAL, self._known + 2)
            over = self._coherence.weight(min(latest, _DELAYS - 1)) >= self._enough(likeness)
            if over or self._hop >= _HELD:
                return self._release()
        return []

    def _enough(self, likeness: Likeness) -> float:
        """Over how many hops there must be no echo; more where there may be one."""
        return _SURE if likeness.share > _ECHO else _ENOUGH

    def _needed(self, likeness: Likeness) -> float:
        if self._known is not None and abs(likeness.delay - self._known) <= 3:
            return _ECHO_AGAIN if likeness.weight >= _SURE else 2 * _ECHO
        return next((s for w, s in _ECHO_EARLY if likeness.weight < w), _ECHO)

    def _echo_found(self, delay: int) -> list[Passed | None]:
        held = self._state is _State.HELD
        self._state = _State.ECHO
        self._trust = 0.0
        self._held.clear()
        self._unlike = 0
        self._learn(delay)
        self._overlap = np.zeros(HOP, np.float32)
        self._blocks: deque[tuple[int, bytes]] = deque()
        self._recent: deque[bool] = deque(maxlen=5)
        self._spoke = -_BEHIND - 1  # the latest hop of own speech
        first = self._hop - len(self._own)
        return self._clean(self._own, first) if held else self._silence()

    def _learn(self, delay: int) -> None:
        self._delay = self._known = delay
        self._canceller = Canceller()
        first = self._hop - len(self._own)
        self._canceller.learn(self._own, self._taps(first, len(self._own)))

    def _follow(self) -> None:
        """Follow the delay, as a jitter buffer may grow or shrink while it plays."""
        last, before = self._last, self._before
        if last is None or before is None or last.share < _ECHO:
            return
        if last.delay == before.delay and abs(last.delay - self._delay) >= BEFORE:
            self._learn(last.delay)

    def _taps(self, first: int, count: int) -> Spectra:
        start = self._first + first - self._delay + BEFORE - TAPS + 1
        return self._played.hops(start, count + TAPS - 1)[0]

    def _clean(self, own: Spectra, first: int) -> list[Passed | None]:
        self._follow()
        cleaned = self._canceller.clean(own, self._taps(first, len(own)))
        out: list[Passed] = []
        for hop, window in enumerate(windows_of(cleaned.spectra), first):
            goes_on = hop - self._spoke <= _BEHIND
            self._recent.append(bool(cleaned.own[hop - first] > (OWN_STILL if goes_on else OWN)))
            if sum(self._recent) >= _HITS:
                self._spoke = hop
            block = self._overlap + window[:HOP]
            self._overlap = window[HOP:]
            self._blocks.append(
                (hop, np.clip(np.rint(block), -32768, 32767).astype("<i2").tobytes())
            )
            while self._blocks and self._blocks[0][0] <= hop - _AHEAD:
                self._take(out)
        self._echoed += len(own) if self._spoke < first - _BEHIND and self._loud else 0
        self.sure = self.sure or self._echoed >= _TELL
        passed = self._pass(_joined(out))
        if self._blocks and self._spoke < self._blocks[0][0] - _BEHIND:
            passed += self._silence()
        return passed + self._look_for_end(len(own))

    def _take(self, out: list[Passed]) -> None:
        hop, block = self._blocks.popleft()
        if self._spoke >= hop - _BEHIND:
            out.append(Passed(block, (self._origin + (hop + 1) * HOP) / SPEECH_RATE))

    def _look_for_end(self, count: int) -> list[Passed | None]:
        likeness = self._last
        if likeness is None or not self._loud:
            return []
        gone = likeness.weight >= _SURE and likeness.share < _NONE
        self._unlike = self._unlike + count if gone else 0
        if self._unlike < _NONE_FOR:
            return []
        out = self._flush()
        self._state, self._known = _State.CLEAR, None
        return out

    def _release(self) -> list[Passed | None]:
        self._state = _State.CLEAR
        held = self._held[:]
        self._held.clear()
        return self._pass(held)

    def _flush(self) -> list[Passed | None]:
        """Return what waits behind an echo, and hold it no longer."""
        out: list[Passed] = []
        while self._blocks:
            self._take(out)
        rest = self._raw.astype("<i2").tobytes()
        if self._spoke >= self._hop - _BEHIND and rest:
            out.append(
                Passed(rest, (self._origin + self._hop * HOP + len(self._raw)) / SPEECH_RATE)
            )
        return self._pass(_joined(out))

    def _leave(self) -> list[Passed | None]:
        """Nothing can come back any more, or nothing comes in."""
        state, self._state = self._state, _State.OPEN
        if state is _State.HELD:
            held = self._held[:]
            self._held.clear()
            if self._known is not None and self._hop < _HELD // 3:
                return []  # too short to tell, of somebody with an echo
            return self._pass(held)
        return self._flush() if state is _State.ECHO else []

    def _pass(self, out: list[Passed]) -> list[Passed | None]:
        self._speaking = self._speaking or bool(out)
        return [*out]

    def _silence(self) -> list[Passed | None]:
        was, self._speaking = self._speaking, False
        return [None] if was else []


def _joined(out: list[Passed]) -> list[Passed]:
    return [Passed(b"".join(one.pcm for one in out), out[-1].at)] if out else []
