"""The sentences of the page, by the names that its code knows them by."""

from collections.abc import Mapping
from typing import Final

from bot.words import render, t
from bot.words.catalogue import READERS

WORDS: Final[Mapping[str, str]] = {
    "title": t("Live captions"),
    "description": t("Read and hear a call in your language, live."),
    "language": t("Language"),
    "original": t("Original (as spoken)"),
    "play": t("Play voice"),
    "stop": t("Stop voice"),
    "voice_opening": t("The voice for this language is being opened…"),
    "voice_none": t("There is no voice for this language."),
    "voice_original": t("There is no voice for the original: it is what you hear in the call."),
    "voice_unsupported": t("This browser can't play the voice."),
    "connecting": t("Connecting…"),
    "reconnecting": t("The connection was lost. Reconnecting…"),
    "restarting": t("The bot is restarting. Captions continue when it is back."),
    "deaf": t("The bot can't hear the call at the moment."),
    "paused": t("Translation is paused. Nobody is heard until it resumes."),
    "ended": t("Translation has ended in this call."),
    "denied": t("You can no longer read this call."),
    "leave": t("Stop reading"),
    "left": t("You stopped reading this call. To read on, get a new link from the bot in Discord."),
    "invalid": t("This link doesn't work. Get a new one from the bot in Discord."),
    "elsewhere": t("This page is open in too many windows. This one was disconnected."),
    "limited": t("Too many attempts. Try again in a minute."),
    "empty": t("Captions appear here."),
    "missed": t("Some captions from before are no longer available."),
    "newest": t("Newest captions"),
    "speaking": t("Speaking: {names}", names="{names}"),
    "captions": t("Captions"),
    "noscript": t("This page needs JavaScript."),
}


def in_locale(locale: str) -> dict[str, str]:
    """Return all of them in one of Discord's locales."""
    return {name: render(text, locale) for name, text in WORDS.items()}


def preferred(accepted: str) -> str:
    """Return the locale that a browser would like best, of those there are.

    Args:
        accepted: The header Accept-Language.
    """
    wanted = []
    for part in accepted[:200].split(","):
        tag, _, quality = part.partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=")) if quality else 1.0
        except ValueError:
            continue
        wanted.append((-weight, tag.strip().casefold()))
    for _, tag in sorted(wanted, key=lambda item: item[0]):
        if (locale := _nearest(tag)) is not None:
            return locale
    return "en-US"


def _nearest(tag: str) -> str | None:
    language, _, region = tag.partition("-")
    if language == "es" and region not in {"", "es"}:
        return "es-419"
    if language == "zh" and (region.startswith("hant") or region in {"hk", "mo"}):
        return "zh-TW"
    for locale in READERS:
        if locale.casefold() == tag:
            return locale
    return next((locale for locale in READERS if locale.split("-")[0] == language), None)
