"""The settings as the checks need them: as far as they are good."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot import settings
from bot.doctor.env_file import EnvFile, Given
from bot.errors import SettingsError
from bot.settings import Settings

_REQUIRED: Final = ("DISCORD_TOKEN", "DASHSCOPE_API_KEY")


@dataclass(frozen=True, slots=True)
class SettingsRead:
    """The settings, as far as they are good.

    Attributes:
        config: With the default in the place of each that is wrong.
        wrong: What is wrong, by variable name.
        unreadable: Why the file can't be read; empty where it can.
        given: What they were read from.
    """

    config: Settings
    wrong: Mapping[str, str]
    unreadable: str
    given: Given


def read_settings(path: Path, environment: Mapping[str, str]) -> SettingsRead:
    """Read the settings; one that is wrong hides no other."""
    unreadable, file = "", EnvFile.read(path)
    try:
        wrong = settings.wrong(path)
    except SettingsError as error:
        unreadable, wrong = str(error), settings.wrong(None)
    # An empty value is none: then the default is taken.
    given = {name: "unused" if name in _REQUIRED else "" for name in wrong}
    config = settings.load(None if unreadable else path, given=given)
    return SettingsRead(config, wrong, unreadable, Given(file, environment, settings.names()))
