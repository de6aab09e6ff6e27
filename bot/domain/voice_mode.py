"""How a room's translations are spoken beside its people and each other."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class VoiceMode(StrEnum):
    """When a translation is spoken.

    Attributes:
        CONSECUTIVE: One after the other, whoever speaks.
        POLITE: One after the other, in people's pauses.
        OVER: One after the other, at half the volume while a person speaks.
        SIMULTANEOUS: Translations of different speakers at the same time.
    """

    CONSECUTIVE = "consecutive"
    POLITE = "polite"
    OVER = "over"
    SIMULTANEOUS = "simultaneous"


QUIETEST: Final = 10  # percent
LOUDEST: Final = 200  # percent


@dataclass(frozen=True, slots=True)
class VoiceStyle:
    """How a room's translations are read aloud.

    Attributes:
        mode: When they are.
        volume: In percent of what people in the call speak at, 10 to 200.
    """

    mode: VoiceMode = VoiceMode.CONSECUTIVE
    volume: int = 100
