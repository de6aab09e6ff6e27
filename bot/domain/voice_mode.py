"""How a room's translations are spoken beside its people and each other."""

from enum import StrEnum


class VoiceMode(StrEnum):
    """When a translation is spoken.

    Attributes:
        CONSECUTIVE: One after the other, whoever speaks.
        POLITE: One after the other, in people's pauses.
        OVER: One after the other, at half the volume while a person speaks.
        SIMULTANEOUS: Those of different speakers at the same time.
    """

    CONSECUTIVE = "consecutive"
    POLITE = "polite"
    OVER = "over"
    SIMULTANEOUS = "simultaneous"
