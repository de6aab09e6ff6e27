"""The audio of a conversation that is not translated yet, sent or not."""

from typing import Final

from bot.domain.events import SPEECH_RATE

BYTES_PER_S: Final = SPEECH_RATE * 2
CHUNK: Final = BYTES_PER_S // 10  # 100 ms, what the service recommends


class Backlog:
    """Keeps audio until it is translated, so that a new link can hear it again.

    Positions count the bytes of the current link's session, as the service's `audio_start_ms` and
    `audio_end_ms` do.

    Args:
        unsent_s: Most audio kept while it can't be sent; beyond, the oldest is dropped.
        kept_s: Most audio kept in all; beyond, the oldest that was sent is forgotten.
    """

    def __init__(self, unsent_s: float, kept_s: float) -> None:
        self._most_unsent = int(unsent_s * BYTES_PER_S)
        self._most_kept = max(int(kept_s * BYTES_PER_S), self._most_unsent + CHUNK)
        self._data = bytearray()
        self._start = 0  # position of the first byte kept
        self._sent = 0  # bytes of it that were sent
        self._again = 0  # bytes to be sent once more; they do not count as waiting
        self._cut = False  # whether sent audio was forgotten for want of room

    def __len__(self) -> int:
        return len(self._data)

    @property
    def position(self) -> int:
        """Bytes sent on this link."""
        return self._start + self._sent

    @property
    def unsent(self) -> int:
        """Bytes waiting to be sent."""
        return len(self._data) - self._sent

    @property
    def whole(self) -> bool:
        """Whether everything untranslated is still here."""
        return not self._cut

    def add(self, pcm: bytes) -> int:
        """Keep audio; says how many bytes of older, unsent audio were dropped for it."""
        self._data += pcm
        dropped = max(0, len(self._data) - self._sent - self._most_unsent - self._again)
        if dropped:
            del self._data[self._sent : self._sent + dropped]
        excess = min(len(self._data) - self._most_kept, self._sent)
        if excess > 0:
            self._drop_sent(excess)
            self._cut = True
        return dropped

    def chunk(self) -> bytes | None:
        """Return the next 100 ms to send, or None while less is there."""
        end = self._sent + CHUNK
        if len(self._data) < end:
            return None
        chunk = bytes(self._data[self._sent : end])
        self._sent = end
        if self._again:
            self._again = max(0, self._again - CHUNK)
        return chunk

    def fill(self) -> None:
        """Complete the last chunk with silence; add a whole one of silence when none is begun."""
        self._data += bytes(CHUNK - self.unsent % CHUNK)

    def forget(self, position: int) -> None:
        """Drop what was sent before a position: it is translated."""
        if position < self._start:
            return
        self._drop_sent(min(position - self._start, self._sent) // 2 * 2)
        self._cut = False

    def rewind(self, position: int = 0) -> None:
        """Send everything kept again, on a new link that counts from this position."""
        self._start = position
        self._again = max(self._again, self._sent)
        self._sent = 0

    def keep_newest(self, count: int) -> int:
        """Keep so many bytes of what waits to be sent; says how many older ones were dropped."""
        dropped = max(0, self.unsent - count) // 2 * 2
        del self._data[self._sent : self._sent + dropped]
        self._again = max(0, self._again - dropped)
        return dropped

    def clear(self) -> None:
        """Drop everything: nothing is worth keeping."""
        self._start += len(self._data)
        self._data.clear()
        self._sent = self._again = 0
        self._cut = False

    def _drop_sent(self, count: int) -> None:
        if count <= 0:
            return
        del self._data[:count]
        self._start += count
        self._sent -= count
