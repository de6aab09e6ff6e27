"""Write docs/settings.md from .env.example: python -m tests.settings_table.

What a setting does is said once, in the comment above it there; one that has no comment of its own
shares that of the setting before it. Other tests hold that the file names every setting, with its
default. What is accepted is what the bot says of a value that it refuses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot import settings

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / ".env.example"
TABLE = ROOT / "docs" / "settings.md"

_HEAD = """\
# Settings

Made by `make docs` from `.env.example`; change it there. The bot reads settings from the
environment and from `.env` in the folder where it is started; the environment counts more. An empty
value counts as none. A wrong one is said in one line, and the bot ends with status 2.

| setting | default | accepts | what it does |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A setting.

    Attributes:
        default: As it is written in the file; empty is none.
        needed: Whether the file asks for it to be filled in.
        says: The comment, in one line.
    """

    name: str
    default: str
    needed: bool
    says: str

    def __str__(self) -> str:
        default = "needed" if self.needed else f"`{self.default}`" if self.default else ""
        cells = (f"`{self.name}`", default, _accepted(self.name), self.says.replace("|", "\\|"))
        return f"| {' | '.join(cells)} |"


def rows(text: str) -> Iterator[Row]:
    """Yield the settings of a file like .env.example, in its order."""
    said: list[str] = []
    named = True  # the comment before was another setting's
    for line in text.splitlines():
        if found := re.fullmatch(r"(#?)([A-Z][A-Z0-9_]*)=(.*)", line):
            yield Row(found[2], found[3], not found[1], " ".join(said))
            named = True
        elif line.startswith("# "):
            if named:
                said, named = [], False
            said.append(line.removeprefix("# "))
        elif not line:
            said, named = [], True


def table() -> str:
    """Return the page."""
    return _HEAD + "".join(f"{row}\n" for row in rows(EXAMPLE.read_text(encoding="utf-8")))


def _accepted(name: str) -> str:
    advice = settings._ADVICE.get(name.lower(), "")
    before, must, accepted = advice.partition("must be ")
    return accepted.removesuffix(".") if must and not before else ""


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
