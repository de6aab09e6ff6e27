"""Builds what reads typed words aloud."""

import random
from collections.abc import Awaitable, Callable

from bot.clock import Clock
from bot.translation.ports import Endpoint
from bot.translation.tts.qwen_tts import QwenTts
from bot.translation.tts.reading import ReadAloud


def build(endpoint: Endpoint, clock: Clock) -> tuple[ReadAloud, Callable[[], Awaitable[None]]]:
    """Return what reads typed words aloud, and what ends it.

    Args:
        endpoint: The service, the account, and the name of a Qwen3-TTS model.
        clock: Tells the time and calls back.
    """
    client = QwenTts(endpoint)
    chance = random.Random()  # noqa: S311 - jitter, no secret
    return ReadAloud(client.send, clock=clock, chance=chance), client.close
