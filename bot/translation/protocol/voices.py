"""The voices a translation can be spoken with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_TEN = frozenset(["zh", "en", "fr", "de", "ru", "it", "es", "pt", "ja", "ko"])
_CHINESE = frozenset({"zh"})
_CANTONESE = frozenset({"yue"})


@dataclass(frozen=True, slots=True)
class Voices:
    """The voices of a model.

    Attributes:
        default: Always sent by name: the newest service refuses the default of its own.
        languages: Voice to the languages it speaks; None means all that the model speaks.
        complete: Whether the vendor's list is known whole. Where it is not, an unknown name is left
            to the service to judge.
    """

    default: str
    languages: Mapping[str, frozenset[str] | None]
    complete: bool

    def speaking(self, language: str) -> tuple[str, ...]:
        """Return the names of the voices that speak a language."""
        return tuple(
            voice
            for voice, spoken in self.languages.items()
            if spoken is None or language in spoken
        )

    def choose(self, language: str) -> str:
        """Return the default voice, or the first that speaks the language when it does not."""
        speaking = self.speaking(language)
        if self.default in speaking or not speaking:
            return self.default
        return speaking[0]


QWEN3: Final = Voices(
    default="Cherry",
    languages={
        "Cherry": _TEN,
        "Nofish": _TEN,
        "Jada": _CHINESE,
        "Dylan": _CHINESE,
        "Sunny": _CHINESE,
        "Peter": _CHINESE,
        "Eric": _CHINESE,
        "Kiki": _CANTONESE,
    },
    complete=True,
)

NEWER: Final = Voices(
    default="Tina",
    languages=dict.fromkeys(
        (
            "Tina",
            "Cindy",
            "Ethan",
            "Serena",
            "Ryan",
            "Jennifer",
            "Aiden",
            "Sohee",
            "Ono Anna",
            "Katerina",
            "Emilien",
            "Lenn",
        )
    ),
    complete=False,
)
