"""What a conversation used."""

from bot.room.events import SPEECH_RATE, VOICE_RATE, Usage
from bot.translation.protocol import TokenCount


class Meter:
    """Adds up what was used since the last reading.

    Args:
        cumulative: Whether the service's token counts are those of the whole session.
    """

    def __init__(self, *, cumulative: bool) -> None:
        self._cumulative = cumulative
        self._before = TokenCount(0, 0)
        self._in = 0  # bytes
        self._out = 0  # bytes
        self._tokens_in = 0
        self._tokens_out = 0
        self._connects = 0

    def connected(self) -> None:
        """A connect was made; session counts begin at zero again."""
        self._connects += 1
        self._before = TokenCount(0, 0)

    def resumed(self, count: TokenCount) -> None:
        """A session that was another's goes on from this count."""
        self._before = count

    def sent(self, pcm: bytes) -> None:
        """Audio was sent."""
        self._in += len(pcm)

    def voiced(self, pcm: bytes) -> None:
        """Voice came."""
        self._out += len(pcm)

    def counted(self, count: TokenCount) -> None:
        """The service counted tokens."""
        before = self._before if self._cumulative else TokenCount(0, 0)
        self._tokens_in += max(0, count.tokens_in - before.tokens_in)
        self._tokens_out += max(0, count.tokens_out - before.tokens_out)
        self._before = count

    def read(self) -> Usage | None:
        """What was used since the last reading; None when nothing was."""
        usage = Usage(
            audio_in_s=self._in / (SPEECH_RATE * 2),
            audio_out_s=self._out / (VOICE_RATE * 2),
            tokens_in=self._tokens_in,
            tokens_out=self._tokens_out,
            connects=self._connects,
        )
        if usage == Usage():
            return None
        self._in = self._out = self._tokens_in = self._tokens_out = self._connects = 0
        return usage
