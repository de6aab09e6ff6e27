"""This machine: Python and libraries, libopus, encryption of voice, disk."""

import asyncio
import shutil
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

import discord.voice_state
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from bot.audio import opus
from bot.doctor.checks import Diagnosis, fault, ok, skipped, warning
from bot.errors import OpusError

_NAMED: Final = ("discord.py", "dashscope", "aiohttp", "sqlalchemy")  # those that matter most
_FULL_MB: Final = 100
_TIGHT_MB: Final = 1000


@dataclass(frozen=True, slots=True)
class NeededVersions:
    """What this version of Parley is made for.

    Attributes:
        python: Versions of Python.
        libraries: The libraries with their versions.
    """

    python: SpecifierSet
    libraries: Sequence[Requirement]


def wanted() -> NeededVersions | None:
    """Return what pyproject.toml says, or the installed package; None where neither is there."""
    file = Path(__file__).parents[2] / "pyproject.toml"
    if file.is_file():
        project = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
        if project.get("name") == "parley":  # beside an installed package it is another's
            return _wanted(project["requires-python"], project["dependencies"])
    try:
        found = metadata.metadata("parley")
    except metadata.PackageNotFoundError:
        return None
    return _wanted(found["Requires-Python"], metadata.requires("parley") or ())


def _wanted(python: str, libraries: Sequence[str]) -> NeededVersions:
    needed = [Requirement(line) for line in libraries]
    # Those of an extra have a marker, and are looked for where they are used.
    needed = [one for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    return NeededVersions(SpecifierSet(python), needed)


def installed(name: str) -> str | None:
    """Return the version of a library; None where it is not there."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


async def python(asked: NeededVersions | None) -> Diagnosis:
    """Check the version of Python."""
    here = ".".join(map(str, sys.version_info[:3]))
    if asked is None or asked.python.contains(here):
        return ok(f"{here}.")
    return fault(
        f"Python {here} runs this, and Parley needs {asked.python}.",
        "Install a newer Python, then make a new virtual environment with it.",
    )


async def libraries(asked: NeededVersions | None) -> Sequence[Diagnosis]:
    """Check the version of each library."""
    if asked is None:
        return [skipped("Nothing here says which versions are needed.")]
    wrong = [
        f"{one.name} {version or 'is missing'} (needs {one.specifier})"
        for one in asked.libraries
        if (version := installed(one.name)) is None
        or not one.specifier.contains(version, prereleases=True)
    ]
    if wrong:
        return [
            fault(
                f"Not as needed: {', '.join(wrong)}.",
                "Install the locked set: make run does it, or pip install -r requirements/run.txt.",
            )
        ]
    named = ", ".join(f"{name} {installed(name)}" for name in _NAMED)
    return [ok(f"{len(asked.libraries)} as needed: {named} and others.")]


async def libopus() -> Diagnosis:
    """Check that Discord's audio can be decoded and encoded."""
    try:
        return ok(f"{await asyncio.to_thread(opus.version)}.")
    except OpusError as error:
        line, _, cure = str(error).partition(". ")
        return fault(f"{line}.", cure)


async def encryption() -> Diagnosis:
    """Check that Discord's end-to-end encryption is there, by the binding that discord.py uses."""
    if not discord.voice_state.has_dave:
        return fault(
            "The package davey can't be loaded: Discord lets no bot without DAVE into voice.",
            "Install it: .venv/bin/python -m pip install davey. It has a wheel for most systems.",
        )
    import davey  # noqa: PLC0415 - it may be missing

    return ok(f"DAVE {davey.DAVE_PROTOCOL_VERSION}, by davey {installed('davey')}.")


def free_bytes(folder: Path) -> int:
    """Return the space that is free for a folder, which may be missing as yet."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    return shutil.disk_usage(there).free


async def disk(folder: Path) -> Diagnosis:
    """Check the space for a folder, where the database is or the bot runs."""
    left = await asyncio.to_thread(free_bytes, folder)
    said = f"{_size(left)} free for {folder}."
    if left < _FULL_MB * 1_000_000:
        return fault(f"Only {said}", "Free some space: without it, nothing can be stored any more.")
    if left < _TIGHT_MB * 1_000_000:
        return warning(f"Only {said}", "Free some space before it runs out.")
    return ok(said)


def _size(amount: int) -> str:
    return f"{amount / 1e9:.1f} GB" if amount >= 1e9 else f"{amount / 1e6:.0f} MB"


def versions() -> Mapping[str, str]:
    """Return the versions that a report of trouble needs."""
    try:
        codec = opus.version().removeprefix("libopus ")
    except OpusError:
        codec = "missing"
    return {
        "Python": ".".join(map(str, sys.version_info[:3])),
        **{name: installed(name) or "missing" for name in ("discord.py", "davey", "dashscope")},
        "libopus": codec,
    }
