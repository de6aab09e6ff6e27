"""What SECURITY.md promises is held by tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_promise_names_tests_that_exist() -> None:
    rows = [
        row
        for row in (ROOT / "SECURITY.md").read_text().splitlines()
        if row.startswith("| ") and not row.startswith(("| what |", "| ---"))
    ]
    assert len(rows) > 15
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)`", row)
        assert named, row
        for path in named:
            assert (ROOT / path).is_file(), path
