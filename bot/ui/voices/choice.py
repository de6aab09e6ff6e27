"""The voice in which a member's translations are read aloud, as they choose it."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from bot.domain.voices import MemberVoice, ModelVoice, OfferedVoices
from bot.errors import UsageError
from bot.words import Text, listing, render, t

_MAX_CHOICES: Final = 25  # Discord's limit for autocomplete
_LONGEST_CHOICE: Final = 100  # likewise


class SpecialVoice(Enum):
    """What can be chosen besides the voices of the model."""

    AUTOMATIC = "automatic"
    NONE = "none"
    OWN = "own"


Choosable = SpecialVoice | ModelVoice
"""What a member may choose."""

_SHOWN: Final = {
    SpecialVoice.AUTOMATIC: t("Automatic"),
    SpecialVoice.NONE: t("None: captions only"),
    SpecialVoice.OWN: t("My own voice, imitated"),
}


@dataclass(frozen=True, slots=True)
class _Choice:
    value: str
    shown: str
    means: Choosable


def _choices(offered: OfferedVoices, locale: str) -> list[_Choice]:
    able = [one for one in SpecialVoice if one is not SpecialVoice.OWN or offered.imitates]
    choices = [_Choice(one.value, render(_SHOWN[one], locale), one) for one in able]
    return choices + [
        _Choice(voice.name, _described(voice, locale), voice) for voice in offered.voices
    ]


def _described(voice: ModelVoice, locale: str) -> str:
    if voice.description is None:
        return voice.name
    described = t("{voice}: {description}", voice=voice.name, description=voice.description)
    return render(described, locale)


def complete(text: str, offered: OfferedVoices, locale: str) -> list[tuple[str, str]]:
    """Complete a choice typed so far: (shown, value), at most 25."""
    typed = text.strip().casefold()
    found = [one for one in _choices(offered, locale) if typed in one.shown.casefold()]
    return [(one.shown[:_LONGEST_CHOICE], one.value) for one in found[:_MAX_CHOICES]]


def find(text: str, offered: OfferedVoices, locale: str) -> Choosable:
    """Return what is meant by what somebody typed or chose.

    Raises:
        UsageError: There is no such voice, or their own can't be imitated.
    """
    typed = text.strip().casefold()
    for one in _choices(offered, locale):
        if typed in {one.value.casefold(), one.shown.casefold()}:
            return one.means
    if typed == SpecialVoice.OWN.value:
        raise UsageError(t("The translation service can't imitate voices here."))
    raise UsageError(
        t(
            "There is no voice “{voice}”. Choose from the list that appears as you type: {voices}.",
            voice=text.strip()[:40],
            voices=listing(voice.name for voice in offered.voices),
        )
    )


def shown(voice: MemberVoice, offered: OfferedVoices) -> Text:
    """Say how a member's translations are read aloud."""
    if voice.silent:
        return t("Your translations aren't read aloud. Your words appear as captions only.")
    if voice.imitated_since is not None:
        date = f"<t:{voice.imitated_since:.0f}:D>"
        if offered.imitates:
            return t(
                "Your translations are read aloud in an imitation of your own voice. You agreed to "
                "this on {date}.",
                date=date,
            )
        return t(
            "On {date} you agreed that your own voice is imitated, but the translation service "
            "can't do that here. Your translations are read aloud in another voice.",
            date=date,
        )
    if voice.name is None:
        return t("Your translations are read aloud in a voice that is chosen automatically.")
    return _in_voice(voice.name, offered)


def _in_voice(name: str, offered: OfferedVoices) -> Text:
    chosen = next((one for one in offered.voices if one.name == name), None)
    if chosen is None:
        return t(
            "You chose the voice {voice}, which the translation service doesn't have here. Your "
            "translations are read aloud in another voice.",
            voice=name,
        )
    if chosen.languages is not None:
        return t(
            "Your translations are read aloud in the voice {voice}, and in another one where it "
            "doesn't speak the language.",
            voice=name,
        )
    return t("Your translations are read aloud in the voice {voice}.", voice=name)
