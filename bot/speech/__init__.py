"""Recorded speech with its text, for the demo and the tests; attribution in README.md."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording.

    Attributes:
        path: WAV, PCM16, 16 kHz, mono.
        language: The language spoken.
        seconds: How long it is.
        text: What is said.
        reference: Whether the text came with the recording; otherwise a recogniser helped.
        licence: The recording's licence.
        source: Who made it.
    """

    path: Path
    language: str
    seconds: float
    text: str
    reference: bool
    licence: str
    source: str

    @property
    def name(self) -> str:
        """The recording's name, as "it_vm-nonumber"."""
        return self.path.stem


@cache
def clips() -> tuple[Clip, ...]:
    """Return all recordings."""
    entries = json.loads((_FOLDER / "clips.json").read_text(encoding="utf-8"))
    return tuple(Clip(path=_FOLDER / entry.pop("file"), **entry) for entry in entries)
