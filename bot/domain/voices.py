"""The voices a translation can be spoken with, and which of them a member wants."""

from dataclasses import dataclass
from typing import Final

from bot.words import Text


@dataclass(frozen=True, slots=True)
class ModelVoice:
    """One voice of a model.

    Attributes:
        name: As the service knows it.
        description: How it sounds, where the vendor says it.
        languages: Those it speaks; None means all that the model speaks.
        dialect: It speaks a dialect, so it is only for those who choose it.
    """

    name: str
    description: Text | None = None
    languages: frozenset[str] | None = None
    dialect: bool = False

    def speaks(self, language: str) -> bool:
        """Return whether it speaks a language."""
        return self.languages is None or language in self.languages


@dataclass(frozen=True, slots=True)
class OfferedVoices:
    """What members may be spoken with.

    Attributes:
        voices: The model's.
        imitates: Whether it can speak in a member's own voice.
    """

    voices: tuple[ModelVoice, ...] = ()
    imitates: bool = False


@dataclass(frozen=True, slots=True)
class MemberVoice:
    """How a member wants their translations spoken in one server.

    Attributes:
        name: The voice they chose; None: any.
        silent: Never: their words are captions only.
        imitated_since: When they agreed that their own voice is imitated, in seconds since 1970;
            None: they did not.
    """

    name: str | None = None
    silent: bool = False
    imitated_since: float | None = None

    @property
    def imitated(self) -> bool:
        """Whether they agreed that their own voice is imitated."""
        return self.imitated_since is not None


AUTOMATIC: Final = MemberVoice()
"""What holds for whoever chose nothing."""
