"""Reading aloud in memory: the test says what comes of each request."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.domain.events import Failed, Usage, VoiceRequest


@dataclass(eq=False)
class MemoryReading:
    """A text that is being read aloud; `said` goes to the room."""

    request: VoiceRequest
    said: Callable[[bytes | Usage], None]
    ended: "asyncio.Future[Failed | None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def open(self) -> bool:
        return not self.ended.done()

    def finish(self, pcm: bytes = b"", *, failed: Failed | None = None) -> None:
        if pcm:
            self.said(pcm)
        self.said(Usage(voice_characters=len(self.request.text)))
        self.ended.set_result(failed)


class MemorySynthesis:
    """A SpeechSynthesis that speaks these languages."""

    def __init__(self, *languages: str) -> None:
        self.known = frozenset(languages)
        self.readings: list[MemoryReading] = []

    def languages(self) -> frozenset[str]:
        return self.known

    def characters(self, text: str) -> int:
        return len(text)

    async def speak(
        self, request: VoiceRequest, said: Callable[[bytes | Usage], None]
    ) -> Failed | None:
        reading = MemoryReading(request, said)
        self.readings.append(reading)
        return await reading.ended

    def open(self) -> list[MemoryReading]:
        """Those that are being read."""
        return [reading for reading in self.readings if reading.open]
