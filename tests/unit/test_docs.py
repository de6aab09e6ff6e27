"""The guides lead to files and headings that exist, and quote what the bot says."""

import re
from pathlib import Path

import pytest

from tests.words.sentences import sentences

ROOT = Path(__file__).parents[2]
GUIDES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def anchors(page: Path) -> set[str]:
    """The headings of a page, as GitHub links them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\((?!https?://)([^)\s]+)\)", text):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_each_guide_is_reached_from_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert f"docs/{page.name}" in text, page.name


def test_what_is_quoted_is_said_by_the_bot() -> None:
    said = {sentence.message for sentence in sentences()}
    # What the command line says stands in strings that go on over lines.
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "bot").rglob("*.py"))
    source = re.sub(r'"\s*\n\s*f?"', "", source)
    guide = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    quotes = re.findall(r"“([^”]+)”", guide)
    assert len(quotes) > 20
    named = "DISCORD_TOKEN is missing"  # put together from the setting and what is wrong with it
    for quote in set(quotes) - {named}:
        assert quote in source or any(quote in message for message in said), quote
