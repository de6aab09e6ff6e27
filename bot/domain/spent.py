"""What was spent, in whole numbers, so that sums are exact in whatever order they are made."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date

from bot.domain.events import SPEECH_RATE, VOICE_RATE, Usage

NOBODY = 0
"""User id of what is counted for a guild and for no person."""


@dataclass(frozen=True, slots=True)
class SpentKey:
    """Whose it is: one row of the store.

    Attributes:
        day: The day, in UTC.
        guild_id: The guild whose room it was in.
        user_id: The person who spoke; `NOBODY` where no person may be named.
        model: The model that counted it, as each has its price.
    """

    day: date
    guild_id: int
    user_id: int
    model: str


@dataclass(frozen=True, slots=True)
class Spent:
    """An amount.

    Attributes:
        audio_in_samples: Speech sent, at 16 kHz.
        audio_out_samples: Voice received, at 24 kHz.
        tokens_in: Read, as the service counts them; of a model that reads aloud, characters.
        tokens_out: Tokens written and spoken.
        tokens_voice: How many of `tokens_out` were spoken.
        connects: How many conversations were opened.
    """

    audio_in_samples: int = 0
    audio_out_samples: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_voice: int = 0
    connects: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            self.audio_in_samples + other.audio_in_samples,
            self.audio_out_samples + other.audio_out_samples,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.tokens_voice + other.tokens_voice,
            self.connects + other.connects,
        )

    @property
    def minutes(self) -> float:
        """Speech sent, in minutes."""
        return self.audio_in_samples / (SPEECH_RATE * 60)


COLUMNS = tuple(field.name for field in fields(Spent))


def counts_characters(model: str) -> bool:
    """Return whether a model reads aloud, so that what it reads is counted in characters."""
    return "-tts" in model


def spent(usage: Usage, *, model: str, text_model: str, tts_model: str) -> Mapping[str, Spent]:
    """Return a conversation's usage by the model that caused it, without models unused."""
    by_model: dict[str, Spent] = {}
    for name, amount in (
        (
            model,
            Spent(
                round(usage.audio_in_s * SPEECH_RATE),
                round(usage.audio_out_s * VOICE_RATE),
                usage.tokens_in,
                usage.tokens_out,
                usage.tokens_voice,
                usage.connects,
            ),
        ),
        (
            text_model,
            Spent(tokens_in=usage.text_tokens_in, tokens_out=usage.text_tokens_out),
        ),
        (tts_model, Spent(tokens_in=usage.voice_characters)),
    ):
        if amount != Spent():
            by_model[name] = by_model.get(name, Spent()) + amount
    return by_model
