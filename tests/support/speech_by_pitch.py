"""Speech that can be told apart wherever it turns up: tones, each of its own pitch.

The service in here hears which pitches its audio has, and "translates" it into their numbers.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from bot.clock import Clock
from bot.translation.ports import Endpoint, OnEvent, OnLost
from bot.translation.sockets import Sockets
from bot.translation.speech.backlog import CHUNK
from tests.support.simulated_service import SimulatedLink, SimulatedService, word

_RATE = 16_000
_NEAR_HERTZ = 60
_AUDIBLE = 1e6  # of energy in a chunk; one frame of a tone has a thousand times as much
_SHARE = 0.05  # of the energy; one frame of five would be four times that


def words(hertz: int) -> str:
    """How a translation of this pitch begins; the count of its chunks follows."""
    return f"{hertz}x"


class Ear:
    """Which of these pitches is in a piece of audio."""

    def __init__(self, pitches: list[int]) -> None:
        self._pitches = pitches

    def heard(self, pcm: bytes) -> dict[int, float]:
        """Share of the energy, of each pitch that is there."""
        samples = np.frombuffer(pcm, "<i2").astype(float)
        power = np.abs(np.fft.rfft(samples)) ** 2
        total = float(power.sum())
        if total / max(len(samples), 1) < _AUDIBLE:
            return {}
        hertz = np.fft.rfftfreq(len(samples), 1 / _RATE)
        shares = {
            pitch: float(power[np.abs(hertz - pitch) < _NEAR_HERTZ].sum()) / total
            for pitch in self._pitches
        }
        return {pitch: share for pitch, share in shares.items() if share > _SHARE}


class PitchService(SimulatedService):
    """Keeps how much of each pitch it was sent, in chunks."""

    def __init__(self, clock: Clock, ear: Ear) -> None:
        super().__init__(clock)
        self.ear = ear
        self.received: Counter[int] = Counter()

    def link(
        self,
        _sockets: Sockets,
        _endpoint: Endpoint,
        settings: Mapping[str, Any],
        on_event: OnEvent,
        on_lost: OnLost,
        excess: object,
        **_fields: object,
    ) -> "PitchLink":
        """In the place of the class `Link`."""
        assert settings
        del on_lost, excess
        self.connected_at.append(self.clock.now())
        self.open += 1
        return PitchLink(self, len(self.connected_at), on_event)


class PitchLink(SimulatedLink):
    """One session."""

    def __init__(self, service: PitchService, number: int, on_event: OnEvent) -> None:
        super().__init__(service, number, on_event)
        self._pitches = service

    def send(self, pcm: bytes) -> int:
        heard = self._pitches.ear.heard(pcm)
        self._pitches.received.update(heard.keys())
        loudest = max(heard, key=lambda pitch: heard[pitch], default=None)
        return super().send(bytes(CHUNK) if loudest is None else word(loudest))

    def update(self, session: Mapping[str, Any]) -> None:
        assert session
