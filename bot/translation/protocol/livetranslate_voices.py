"""The voices a translation can be spoken with.

Which there are is in the documentation of each model; how they sound, where it is said at all, in
that of the vendor's other models with the same voices.
"""

from dataclasses import dataclass
from typing import Final

from bot.domain.voices import ModelVoice
from bot.words import t

_TEN = frozenset(["zh", "en", "fr", "de", "ru", "it", "es", "pt", "ja", "ko"])
_CHINESE = frozenset({"zh"})
_CANTONESE = frozenset({"yue"})


@dataclass(frozen=True, slots=True)
class Voices:
    """The voices of a model.

    Attributes:
        default: Always sent by name: the newest service refuses the default of its own.
        known: Those that the vendor names.
        complete: Whether the vendor's list is known whole. Where it is not, an unknown name is left
            to the service to judge.
    """

    default: str
    known: tuple[ModelVoice, ...]
    complete: bool

    def has(self, name: str) -> bool:
        """Return whether the vendor names this voice."""
        return any(voice.name == name for voice in self.known)

    def speaking(self, language: str) -> tuple[str, ...]:
        """Return the names of the voices that speak a language."""
        return tuple(voice.name for voice in self.known if voice.speaks(language))

    def choose(self, language: str) -> str:
        """Return the default voice, or the first that speaks the language when it does not."""
        speaking = self.speaking(language)
        if self.default in speaking or not speaking:
            return self.default
        return speaking[0]


QWEN3: Final = Voices(
    default="Cherry",
    known=(
        ModelVoice("Cherry", t("woman, sunny and friendly"), _TEN),
        ModelVoice("Nofish", t("man, southern Chinese accent"), _TEN),
        ModelVoice("Jada", t("woman, Shanghai dialect"), _CHINESE, dialect=True),
        ModelVoice("Dylan", t("young man, Beijing dialect"), _CHINESE, dialect=True),
        ModelVoice("Sunny", t("young woman, Sichuan dialect"), _CHINESE, dialect=True),
        ModelVoice("Peter", t("man, Tianjin dialect"), _CHINESE, dialect=True),
        ModelVoice("Eric", t("man, Sichuan dialect"), _CHINESE, dialect=True),
        ModelVoice("Kiki", t("young woman, Cantonese"), _CANTONESE),
    ),
    complete=True,
)

NEWER: Final = Voices(
    default="Tina",
    known=(
        ModelVoice("Tina"),
        ModelVoice("Cindy"),
        ModelVoice("Ethan", t("young man, warm and lively")),
        ModelVoice("Serena", t("young woman, gentle")),
        ModelVoice("Ryan", t("man, dramatic")),
        ModelVoice("Jennifer", t("woman, American")),
        ModelVoice("Aiden", t("young man, American")),
        ModelVoice("Sohee", t("woman, Korean, gentle and cheerful")),
        ModelVoice("Ono Anna", t("young woman, Japanese, playful")),
        ModelVoice("Katerina", t("woman, mature")),
        ModelVoice("Emilien", t("man, French, romantic")),
        ModelVoice("Lenn", t("young man, German, matter-of-fact")),
    ),
    complete=False,
)
