"""What one session says, as far as it can be believed: the bounds on messages and their content.

The service's audio times, its voice and its token counts are measured against what was sent to it.
No I/O and no clock in here: `now` is passed in.
"""

from dataclasses import replace

from bot.domain.events import SPEECH_RATE, VOICE_RATE
from bot.errors import ProtocolError
from bot.translation.protocol import bounds, server_events
from bot.translation.protocol.bounds import Exceeded, Excess, MessageRate
from bot.translation.protocol.parse import parse
from bot.translation.protocol.server_events import ServerEvent

_SPEECH_MS = SPEECH_RATE * 2 / 1000  # bytes
_VOICE_S = VOICE_RATE * 2  # bytes


class Intake:
    """Reads the messages of a session.

    Args:
        excess: Counts what exceeds a bound.
    """

    def __init__(self, excess: Excess) -> None:
        self._excess = excess
        self._messages = MessageRate(bounds.MESSAGES_BURST, bounds.MESSAGES_PER_S)
        self._bytes = MessageRate(bounds.BYTES_BURST, bounds.BYTES_PER_S)
        self._sent = 0  # bytes of audio
        self._voiced = 0  # bytes
        self._counted = server_events.TokenCount(0, 0)  # the most of each so far
        self._unreadable_in_a_row = 0
        self.unreadable_count = 0  # messages

    @property
    def useless(self) -> bool:
        """Whether nothing of what came lately could be read."""
        return self._unreadable_in_a_row >= bounds.UNREADABLE_IN_A_ROW

    def sent(self, count: int) -> None:
        """Count bytes of audio that were sent."""
        self._sent += count

    def admits(self, size: int, now: float) -> bool:
        """Return whether a message of so many bytes may be read; if not, the link has to end."""
        fits = size <= bounds.MESSAGE_BYTES
        if fits and self._messages.take(now) and self._bytes.take(now, size):
            return True
        self._excess.note(Exceeded.RATE if fits else Exceeded.FRAMES)
        return False

    def unreadable(self) -> None:
        """Count a message that is no JSON."""
        self._excess.note(Exceeded.UNREADABLE)
        self.unreadable_count += 1
        self._unreadable_in_a_row += 1

    def read(self, message: object) -> ServerEvent | None:
        """Return the event of a message decoded from JSON; None where nothing in it is of use."""
        try:
            event = parse(message, self._excess)
        except ProtocolError:
            self.unreadable()
            return None
        self._unreadable_in_a_row = 0
        match event:  # what comes most stands first
            case server_events.VoiceDelta(pcm=pcm):
                return event if self._believes_voice(len(pcm)) else None
            case server_events.SpeechStarted(at_ms=at_ms) if not self._believes_time(at_ms):
                return replace(event, at_ms=None)
            case server_events.SpeechStopped(at_ms=at_ms) if not self._believes_time(at_ms):
                return replace(event, at_ms=None)
            case server_events.ResponseDone(usage=usage) if not self._believes_count(usage):
                return replace(event, usage=None)
            case _:
                return event

    def _believes_voice(self, count: int) -> bool:
        speech_s = self._sent / _SPEECH_MS / 1000
        most_s = bounds.VOICE_BEYOND_S + bounds.VOICE_PER_SPEECH * speech_s
        if (self._voiced + count) / _VOICE_S > most_s:
            self._excess.note(Exceeded.VOICE)
            return False
        self._voiced += count
        return True

    def _believes_time(self, at_ms: int | None) -> bool:
        if at_ms is None or at_ms <= self._sent / _SPEECH_MS + bounds.LATE_MS:
            return True
        self._excess.note(Exceeded.TIME)
        return False

    def _believes_count(self, count: server_events.TokenCount | None) -> bool:
        """Return whether a count, of one response or the session so far, did not jump."""
        if count is None:
            return True
        before, most = self._counted, bounds.RESPONSE_TOKENS
        if count.tokens_in > before.tokens_in + most or count.tokens_out > before.tokens_out + most:
            self._excess.note(Exceeded.TOKENS)
            return False
        self._counted = server_events.TokenCount(
            max(before.tokens_in, count.tokens_in), max(before.tokens_out, count.tokens_out)
        )
        return True
