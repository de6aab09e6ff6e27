"""The most that the service may send of each thing, each with its reason.

Whatever is sent, a message takes a bounded time and a conversation a bounded memory. What exceeds a
bound is counted, and logged the first time in each conversation:

- A text is cut, with a mark. Voice beyond the speech, counts and times that can't be, ids without
  end and fields of a wrong type are left out, and the rest of their message is used.
- What a turn has no room for begins another one.
- A link that floods, or says nothing that can be read, is ended and made anew.

The room has bounds of its own on what it keeps, whoever sends it.
"""

from collections import Counter
from enum import StrEnum
from typing import Final

from bot.logs import get_logger

log = get_logger(__name__)

# Messages of a link

MESSAGE_BYTES: Final = 2 * 1024 * 1024
"""Of a message. The longest that makes sense is a session.updated that repeats a whole glossary:
1,000 terms of 100 characters and their translations, each character escaped. Reading so much takes
0.3 s at worst."""
BYTES_UNREAD: Final = 2 * MESSAGE_BYTES
"""Of a link, without a message: frames may be small, and a few bytes more each."""
PINGS_BURST: Final = 64
PINGS_PER_S: Final = 2
"""Of a link: one comes each few seconds, and one answer to each of ours."""
MESSAGES_BURST: Final = 2_000
MESSAGES_PER_S: Final = 200
"""Of a link. Text and voice together are 30 a second; after a stall of the network many come."""
BYTES_BURST: Final = 8 * 1024 * 1024
BYTES_PER_S: Final = 1024 * 1024
"""Of a link. A second of voice has 64 kB, and a long sentence's may come at once."""
UNREADABLE_IN_A_ROW: Final = 50
"""Messages, after which a link is of no use: what is said on it would be lost without a word."""

# Fields of a message

ID_CHARS: Final = 128
"""The longest known has 42."""
LANGUAGE_CHARS: Final = 16
"""Of a language's name: codes such as zh, es-MX."""
ERROR_CHARS: Final = 1_000
"""Of an error's code and of its message: what it means is said at its beginning."""
PARTS: Final = 16
"""Of a response's output, and of each of these: known are one and one."""
ERROR_CODES: Final = 64
"""That are told apart in an outage: a few are known."""
RESPONSE_TOKENS: Final = 49_152
"""Read or written by one response: what the models take at once, by their documentation."""
VOICE_PER_SPEECH: Final = 3.0
VOICE_BEYOND_S: Final = 30.0
"""Seconds of voice in a session: so many for each of speech, and some more. A translation is spoken
in up to twice the time, and a voice without end would occupy the channel."""
LATE_MS: Final = 1_000
"""How far behind the audio that was sent speech may be said to begin or end. It is heard before."""

# State of a conversation

TURN_CHARS: Final = 4_000
"""Of a turn's translation, and of its source text: four minutes without a pause, two messages of
Discord. With each word of an interim all of it is written anew."""
FULL_CHARS: Final = TURN_CHARS // 2
"""From here on a further response begins a turn of its own: nothing of it has to be cut."""
RESPONSES: Final = 64
"""Of a turn, and items of each kind: four minutes with a response for each sentence."""
OPEN_TURNS: Final = 16
"""At once: people do not pause 16 times before the first sentence is translated."""
ITEMS: Final = 1_024
"""Ids of items known at once: those of the open turns."""
INTERIMS_BURST: Final = 50
INTERIMS_PER_S: Final = 20
"""Of a conversation: a text channel takes one in two seconds, and a later one replaces it."""
HELD: Final = 1_000
"""Pieces of voice kept back while it is open whether they are an echo: 20 s in pieces of 20 ms."""

# Answers of text translation

ANSWER_BYTES: Final = 512 * 1024
"""Of an answer's body: the longest answer there may be, each character escaped."""
ANSWER_FACTOR: Final = 10
ANSWER_CHARS: Final = 400
"""Of a translation: so many for each character of the text, and some more. Chinese in German takes
five; a model that repeats itself takes more."""


class Exceeded(StrEnum):
    """What can exceed its bound, as it stands in the log."""

    FRAMES = "frames"
    RATE = "rate"
    UNREADABLE = "unreadable"
    FIELD = "field"
    TOKENS = "tokens"
    VOICE = "voice"
    TIME = "time"
    TEXT = "text"
    RESPONSES = "responses"
    ITEMS = "items"
    TURNS = "turns"
    INTERIMS = "interims"


class Excess:
    """Counts what exceeded its bound in one conversation."""

    def __init__(self) -> None:
        self.counts: Counter[Exceeded] = Counter()

    def note(self, what: Exceeded) -> None:
        """Count it, and log the first of its kind."""
        if not self.counts[what]:
            log.warning("the service exceeds a bound", bound=what.value)
        self.counts[what] += 1


class MessageRate:
    """So many at once, and so many a second from then on. No clock in here: `now` is passed in.

    Args:
        burst: How many may come at once.
        per_s: How many may come in each second.
    """

    def __init__(self, burst: float, per_s: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._left = burst
        self._at = 0.0

    def take(self, now: float, count: float = 1.0) -> bool:
        """Return whether so many more messages may be read; they count only if they may."""
        left = self._left
        if now > self._at:
            left += (now - self._at) * self._per_s
            left = min(left, self._burst)
        self._at = now
        may = count <= left
        self._left = left - count if may else left
        return may
