"""The settings: each of them, names that are none, and what is easily overlooked in `.env`.

Values are never repeated, as a secret may be in the wrong place.
"""

import difflib
import io
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dotenv.parser import parse_stream

from bot.doctor.checks import Diagnosis, fault, ok, warning
from bot.settings import ENV_ENCODING

_NEAR: Final = 0.75  # of difflib's likeness: "DISCORD_TOKN" is near, "DISCORD_CLIENT_ID" is not
_OURS: Final = 0.85  # in the environment, where most names are others'
_QUOTES: Final = ('"', "'")
# Read by libraries, from the environment of the process alone.
_OF_PROCESS: Final = frozenset(
    {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "TZ"}
)

# Docker Compose reads the same file.
_OF_COMPOSE: Final = ("COMPOSE_", "DOCKER_", "PARLEY_", "POSTGRES_")


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What stands in `.env`.

    Attributes:
        path: The file.
        lines: The numbers of the lines on which each variable stands, by its name.
        values: What each is set to last.
        unread: The numbers of lines that can't be read.
    """

    path: Path
    lines: Mapping[str, Sequence[int]]
    values: Mapping[str, str] = field(repr=False)
    unread: Sequence[int]

    @classmethod
    def read(cls, path: Path) -> "EnvFile | None":
        """Return what stands in a file; None where there is none that can be read."""
        try:
            text = path.read_text(encoding=ENV_ENCODING)
        except (OSError, ValueError):  # `settings.load` says why
            return None
        lines: dict[str, list[int]] = {}
        values: dict[str, str] = {}
        unread: list[int] = []
        for binding in parse_stream(io.StringIO(text)):
            blank = len(binding.original.string) - len(binding.original.string.lstrip())
            number = binding.original.line + binding.original.string[:blank].count("\n")
            if binding.error:
                unread.append(number)
            elif binding.key is not None:
                name = binding.key.upper()  # either case is read
                lines.setdefault(name, []).append(number)
                values[name] = binding.value or ""
        return cls(path, lines, values, unread)


@dataclass(frozen=True, slots=True)
class Given:
    """All that settings are read from.

    Attributes:
        file: `.env`, where there is one.
        environment: The variables of the process.
        known: The names of all settings.
    """

    file: EnvFile | None
    environment: Mapping[str, str] = field(repr=False)
    known: Sequence[str]

    def place(self, name: str) -> str:
        """Return where a variable is set, in words; empty where it is not."""
        if _named(self.environment, name) is not None:
            return "in the environment"
        if self.file is not None and name in self.file.lines:
            return f"in {self.file.path}, line {self.file.lines[name][-1]}"
        return ""


async def settings(given: Given, wrong: Mapping[str, str], unreadable: str = "") -> list[Diagnosis]:
    """Check each setting.

    Args:
        given: What they are read from.
        wrong: What is wrong with which setting, in a sentence that begins with its name.
        unreadable: Why the file can't be read at all, in a sentence.
    """
    if unreadable:
        return [fault(unreadable, "Save it as a text file (UTF-8) that this user can read.")]
    found = [_wrong(given, name, sentence) for name, sentence in wrong.items()]
    found += [_unread(given.file, number) for number in (given.file.unread if given.file else ())]
    found += _quoted(given)
    if found:
        return found
    count = sum(given.place(name) != "" for name in given.known)
    where = "" if given.file is not None else f" There is no {Path('.env')} here."
    return [ok(f"{count} of {len(given.known)} are set, the others have defaults.{where}")]


def _wrong(given: Given, name: str, sentence: str) -> Diagnosis:
    line, missing, advice = sentence.partition(" is missing: ")
    if missing:
        advice = advice[0].upper() + advice[1:]
        near = [other for other in _unknown_in_file(given) if _nearest(other, [name])]
        if near:
            advice = f"{near[0]} {given.place(near[0])} is probably meant: correct its name."
        return fault(f"{line} is missing.", advice)
    return fault(sentence, f"Correct {name} {given.place(name)}.")


def _unread(file: EnvFile | None, number: int) -> Diagnosis:
    path = file.path if file is not None else Path(".env")
    return fault(
        f"Line {number} of {path} can't be read.",
        "Write NAME=value, and put a # before what is a comment.",
    )


def _quoted(given: Given) -> Iterator[Diagnosis]:
    for name in given.known:
        value = _named(given.environment, name) or ""
        if value[:1] in _QUOTES and value[-1:] == value[:1]:
            yield fault(
                f"{name} is in quotes, which are taken for a part of it.",
                f"Take the quotes away: Docker passes those of an --env-file on as they are. "
                f"{name} is set in the environment.",
            )


async def names(given: Given) -> list[Diagnosis]:
    """Check for names that are no settings, and settings that are not the ones that count."""
    found = [*_strangers(given), *_twice(given), *_shown(given.file)]
    return found or [ok("Every name is one of Parley's.")]


def _strangers(given: Given) -> Iterator[Diagnosis]:
    for name in _unknown_in_file(given):
        place = given.place(name)
        if name in _OF_PROCESS:
            yield warning(
                f"{name} {place} is read by nobody there.",
                "Set it in the environment of the process (docker run -e, Environment= of "
                "systemd).",
            )
        elif near := _nearest(name, given.known):
            yield warning(f"{name} {place} is no setting.", f"Is {near} meant? Correct the name.")
        elif not name.startswith(_OF_COMPOSE):
            yield warning(
                f"{name} {place} is no setting.", "Remove it, if it is not for another program."
            )
    for name in sorted(given.environment):
        if name.upper() in given.known or (given.file and name.upper() in given.file.lines):
            continue
        if near := _nearest(name.upper(), given.known, _OURS):
            yield warning(
                f"{name} in the environment is no setting.", f"Is {near} meant? Correct the name."
            )


def _twice(given: Given) -> Iterator[Diagnosis]:
    if given.file is None:
        return
    for name, lines in given.file.lines.items():
        if name not in given.known:
            continue
        if len(lines) > 1:
            numbers = f"{', '.join(map(str, lines[:-1]))} and {lines[-1]}"
            yield warning(
                f"{name} is set on lines {numbers} of {given.file.path}; the last one counts.",
                "Remove the others.",
            )
        outside = _named(given.environment, name)
        if outside and outside != given.file.values[name]:
            yield warning(
                f"{name} is set otherwise in the environment, which counts.",
                f"Remove it there, or on line {lines[-1]} of {given.file.path}.",
            )


def _shown(file: EnvFile | None) -> Iterator[Diagnosis]:
    if file is None or os.name != "posix":
        return
    if file.path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield warning(
            f"Others on this machine can read {file.path}, which holds secrets.",
            f"chmod 600 {file.path}",
        )


def _unknown_in_file(given: Given) -> Sequence[str]:
    return [name for name in (given.file.lines if given.file else ()) if name not in given.known]


def _nearest(name: str, known: Sequence[str], likeness: float = _NEAR) -> str:
    return next(iter(difflib.get_close_matches(name, known, 1, likeness)), "")


def _named(environment: Mapping[str, str], name: str) -> str | None:
    """Return a variable, in whatever case its name is written."""
    return next((value for key, value in environment.items() if key.upper() == name), None)
