"""Rules of the house that no other tool holds."""

import ast
import logging
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST = 600  # lines: a file stays small enough to read in one go
MOST_FILES = 20  # beside sub-folders: a folder shows what happens in it


def test_no_file_is_too_long_to_read_in_one_go() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("bot", "cogs", "tests")
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert long == {}


def test_no_folder_of_a_package_has_too_many_files() -> None:
    crowded = {
        str(folder.relative_to(ROOT)): files
        for package in ("bot", "cogs")
        for folder in (ROOT / package, *(ROOT / package).rglob("*"))
        if folder.is_dir() and (files := len(list(folder.glob("*.py")))) > MOST_FILES
    }
    assert crowded == {}


def test_no_name_of_a_class_exists_twice() -> None:
    places = defaultdict(set)
    for package in ("bot", "cogs"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    places[node.name].add(str(path.relative_to(ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_field_of_what_is_logged_has_a_name_of_the_standard_librarys() -> None:
    taken = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "event"}
    wrong = {
        f"{path.relative_to(ROOT)}:{node.lineno}": keyword.arg
        for package in ("bot", "cogs")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and re.fullmatch(r"(self\._)?log\.\w+", ast.unparse(node.func))
        for keyword in node.keywords
        if keyword.arg in taken - {"exc_info", "stack_info"}
    }
    assert wrong == {}


def test_every_lock_file_pins_by_hash_and_names_no_index() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text(encoding="utf-8")
        pins = [row for row in text.splitlines() if row and not row.startswith((" ", "#"))]
        assert pins
        assert all("==" in pin and pin.endswith("\\") for pin in pins), lock.name
        assert "://" not in text, lock.name
