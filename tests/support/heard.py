"""What a scripted translation service was sent."""

import numpy as np

from tests.integration.translation.translation_service import CHUNK, Service

_LOUD = 200  # of PCM16; the silence that ends a turn is zeros


def speech_s(service: Service) -> float:
    """Seconds of speech that all conversations were sent, to the tenth."""
    return sum(_loud(bytes(session.audio)) for session in service.sessions) / 10


def _loud(audio: bytes) -> int:
    whole = len(audio) // CHUNK * CHUNK
    chunks = np.frombuffer(audio[:whole], "<i2").reshape(-1, CHUNK // 2).astype(np.int32)
    return int((np.abs(chunks).max(axis=1) > _LOUD).sum()) if whole else 0
