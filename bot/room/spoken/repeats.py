"""Speech that repeats a translation which the bot speaks: its own voice, heard by a microphone.

What is left of an echo behind the voice link is known by its words. People repeat words as well, so
short answers never count, nor does what begins when the voice is over; what counts has nearly the
same letters in the same order as a translation that was spoken a moment ago.
"""

import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from bot.room.spoken.voice_queue import QueuedUtterance

_KEPT_S: Final = 40.0  # from a translation's voice to its echo's text: it may wait to be spoken
_LATE_S: Final = 1.5  # behind the voice's end an echo may begin
_KEPT: Final = 32  # translations, and turns that repeat one
_LONGEST: Final = 600  # letters of a translation that are compared, the last
_FEWEST: Final = 14  # letters, some four words, that can be told from an answer
_FEWEST_SIGNS: Final = 7  # the same where a sign is a syllable or a word
_RUN: Final = 3  # letters in a row that are no chance
_ALIKE: Final = 0.8  # of the letters, in the same order
_SPREAD: Final = 1.5  # so far may they be apart in the translation


@dataclass(slots=True)
class _Spoken:
    text: str = ""
    voiced_at: float | None = None


class Repeats:
    """What was spoken last in a room, and which turns repeat it. Pure."""

    def __init__(self) -> None:
        self._spoken: dict[QueuedUtterance, _Spoken] = {}
        self._found: dict[QueuedUtterance, None] = {}
        self._until: float | None = None

    def text(self, turn: QueuedUtterance, text: str) -> None:
        """Take the text of a translation that may be spoken."""
        self._of(turn).text = _letters(text)

    def voiced(self, turn: QueuedUtterance, now: float) -> None:
        """Take note that there is voice of it."""
        self._of(turn).voiced_at = now

    def taken_back(self, turn: QueuedUtterance) -> None:
        """Take note that it is not spoken after all."""
        self._of(turn).voiced_at = None

    def played(self, until: float) -> None:
        """Take note that a voice is heard until this clock second."""
        self._until = until

    def hear(self, turn: QueuedUtterance, source: str, began_at: float, now: float) -> bool:
        """Return whether what a member said repeats a translation.

        Args:
            turn: What was said, as a turn of a conversation.
            source: The words, as far as they are known.
            began_at: Clock second at which they began.
            now: Clock seconds.
        """
        if turn in self._found:
            return True
        if self._until is None or began_at > self._until + _LATE_S:
            return False
        heard = _letters(source)
        if any(self._recent(one, now) and _covers(one.text, heard) for one in self._others(turn)):
            self._found[turn] = None
            while len(self._found) > _KEPT:
                del self._found[next(iter(self._found))]
            return True
        return False

    def is_repeat(self, turn: QueuedUtterance) -> bool:
        """Return whether this turn was found to repeat a translation."""
        return turn in self._found

    def _others(self, turn: QueuedUtterance) -> list[_Spoken]:
        # Its own translations don't count: one into the language it was said in has its words.
        return [
            one
            for known, one in self._spoken.items()
            if (known.line.visit, known.turn) != (turn.line.visit, turn.turn)
        ]

    @staticmethod
    def _recent(one: _Spoken, now: float) -> bool:
        return one.voiced_at is not None and now - one.voiced_at <= _KEPT_S

    def _of(self, turn: QueuedUtterance) -> _Spoken:
        spoken = self._spoken.setdefault(turn, _Spoken())
        while len(self._spoken) > _KEPT:
            del self._spoken[next(iter(self._spoken))]
        return spoken


def _covers(spoken: str, heard: str) -> bool:
    """Return whether what was heard is nearly a part of what was spoken."""
    signs = sum(_is_sign(letter) for letter in heard)
    dense = signs * 2 > len(heard)
    if len(heard) < (_FEWEST_SIGNS if dense else _FEWEST) or not spoken:
        return False
    if heard in spoken:
        return True
    matcher = SequenceMatcher(None, spoken, heard, autojunk=False)
    runs = [run for run in matcher.get_matching_blocks() if run.size >= (2 if dense else _RUN)]
    if sum(run.size for run in runs) < _ALIKE * len(heard):
        return False
    return runs[-1].a + runs[-1].size - runs[0].a <= _SPREAD * len(heard)


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if letter.isalnum())[-_LONGEST:]


def _is_sign(letter: str) -> bool:
    return ord(letter) >= 0x2E80  # where CJK begins; Hangul comes apart into three a syllable
