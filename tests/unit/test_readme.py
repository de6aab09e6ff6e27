"""What the README and .env.example say of commands and languages is so."""

import re
from itertools import takewhile
from pathlib import Path

from bot.translation.protocol.models import MODELS
from tests.words.commands import menus, paths

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands_named() -> set[str]:
    """Those of the table and the text; in a row, a bare word is a sibling of the row's first."""
    named = set()
    for line in README.splitlines():
        path: list[str] = []
        for code in re.findall(r"`([^`]+)`", line):
            words = list(takewhile(re.compile(r"/?[a-z-]+$").match, code.split()))
            if code.startswith("/"):
                path = [word.lstrip("/") for word in words]
                named.add(" ".join(path))
            elif path and len(words) == 1 and line.startswith("|"):
                named.add(" ".join([*path[:-1], *words]))
    return named


def test_every_command_is_in_the_readme_and_no_other() -> None:
    known = paths()
    done = {path for path in known if not any(other.startswith(f"{path} ") for other in known)}
    assert all(f"| Apps > {menu} |" in README for menu in menus())
    options = {"translate channel", "translate text"}
    assert done <= commands_named()
    assert {name for name in commands_named() if name.partition(" ")[2]} - options <= known


def test_the_number_of_languages_is_that_of_the_models() -> None:
    first, second, third = MODELS
    assert f"`LIVETRANSLATE_MODEL={second.name}`" in README
    assert f"The default model knows {len(first.targets)}; {len(second.targets)} with" in README
    assert len(second.targets) == len(third.targets)
    settings = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert f"knows {len(first.targets)} languages and speaks {len(first.spoken)}" in settings
    assert f"realtime know {len(third.targets)} and speak {len(third.spoken)}." in settings
