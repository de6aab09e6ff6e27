"""What a conversation used."""

from bot.domain.events import SPEECH_RATE, VOICE_RATE, Usage
from bot.translation.protocol.server_events import ResponseDone, ServerEvent, TokenCount, VoiceDelta
from bot.translation.speech.tally import Tally

_NOTHING = TokenCount(0, 0)


class Meter:
    """Adds up what was used since the last reading.

    Args:
        cumulative: Whether the service's token counts are thought to be those of the whole session;
            `Tally` says how far that is believed.
    """

    def __init__(self, *, cumulative: bool) -> None:
        self._cumulative = cumulative
        self._tally = Tally(cumulative=cumulative)  # of this session
        self._in = 0  # bytes
        self._out = 0  # bytes
        self._tokens = _NOTHING
        self._connects = 0

    def connected(self) -> None:
        """Count a connect; session counts begin at zero again."""
        self._connects += 1
        self.resumed(_NOTHING)

    def resumed(self, count: TokenCount) -> None:
        """Go on from this count, of a session that was another's."""
        self._tally = Tally(cumulative=self._cumulative, before=count)

    def sent(self, pcm: bytes) -> None:
        """Count audio that was sent."""
        self._in += len(pcm)

    def take(self, event: ServerEvent) -> None:
        """Count what an event of the service brought: voice or tokens."""
        if isinstance(event, VoiceDelta):
            self.voiced(event.pcm)
        elif isinstance(event, ResponseDone) and event.usage is not None:
            self.counted(event.usage)

    def voiced(self, pcm: bytes) -> None:
        """Count voice that came."""
        self._out += len(pcm)

    def counted(self, count: TokenCount) -> None:
        """Add the tokens that the service counted."""
        self._tokens += self._tally.add(count)

    @property
    def unread_s(self) -> float:
        """Seconds of audio sent since the last reading."""
        return self._in / (SPEECH_RATE * 2)

    def read(self) -> Usage | None:
        """Return what was used since the last reading, or None."""
        usage = Usage(
            audio_in_s=self.unread_s,
            audio_out_s=self._out / (VOICE_RATE * 2),
            tokens_in=self._tokens.tokens_in,
            tokens_out=self._tokens.tokens_out,
            tokens_voice=self._tokens.tokens_voice,
            connects=self._connects,
        )
        if usage == Usage():
            return None
        self._in = self._out = self._connects = 0
        self._tokens = _NOTHING
        return usage
