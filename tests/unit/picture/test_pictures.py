"""The README's pictures were made together, from the page that lies beside them, and fit."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.picture import reading
from tests.picture.__main__ import DRAWN, FOLDER, PAGE
from tests.picture.style import STYLE
from tests.picture.webp import form

ROOT = Path(__file__).parents[3]
DEMO = (ROOT / "docs/demo.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8") + DEMO.replace(
    "pictures/", "docs/pictures/"
)
PICTURES = sorted((ROOT / FOLDER).glob("*.webp"))
MAKE = "make picture makes them anew"


def test_all_were_made_from_the_page_beside_them() -> None:
    made = json.loads((ROOT / FOLDER / DRAWN).read_text(encoding="utf-8"))
    kept = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in (ROOT / FOLDER).iterdir()
        if file.name != DRAWN
    }
    assert kept == made, MAKE


def test_the_page_looks_as_it_would_now() -> None:
    kept = (ROOT / FOLDER / PAGE).read_text(encoding="utf-8")
    assert f"<style>{STYLE}</style>" in kept, MAKE


def test_the_readers_page_looks_as_it_would_now() -> None:
    kept = (ROOT / FOLDER / reading.SOURCES).read_bytes()
    assert kept == reading.sources(), "python -m tests.picture page makes them anew"


def test_the_page_needs_nothing_from_elsewhere() -> None:
    kept = (ROOT / FOLDER / PAGE).read_text(encoding="utf-8")
    assert not re.search(r"https?://|url\(|@import|href=|src=|<script", kept)


def test_the_readme_shows_each_of_them_and_no_other_picture() -> None:
    shown = set(re.findall(r'(?:srcset|src)="([^"]+)"|!\[[^\]]*\]\(([^)]+)\)', README))
    assert {"".join(one) for one in shown} == {f"{FOLDER}/{file.name}" for file in PICTURES}


def test_each_is_described_for_those_who_do_not_see_it() -> None:
    images = re.findall(r"<img [^>]+>", README)
    assert images
    assert all(re.search(r'alt="[^"]{40,}"', image) for image in images)


@pytest.mark.parametrize("file", PICTURES, ids=lambda file: file.stem)
def test_a_picture_has_the_pixels_of_a_sharp_screen(file: Path) -> None:
    wide = {"wide": 1300, "phone": 720}
    assert form(file.read_bytes()).width >= wide[file.stem.split("-")[1]]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_the_moving_picture_is_short_small_and_goes_on(size: str, theme: str) -> None:
    content = (ROOT / FOLDER / f"demo-{size}-{theme}.webp").read_bytes()
    moving = form(content)
    assert 8 <= moving.seconds <= 15
    assert moving.loops == 0
    assert len(content) < 2_000_000
