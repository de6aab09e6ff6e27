"""Rules of the house that no other tool holds."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST = 600  # lines: a file stays small enough to read in one go


def test_no_file_is_too_long_to_read_in_one_go() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("bot", "cogs", "tests")
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert long == {}


def test_every_lock_file_pins_by_hash_and_names_no_index() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text(encoding="utf-8")
        pins = [row for row in text.splitlines() if row and not row.startswith((" ", "#"))]
        assert pins
        assert all("==" in pin and pin.endswith("\\") for pin in pins), lock.name
        assert "://" not in text, lock.name
