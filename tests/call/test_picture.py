"""The picture of the text channel in the README shows what the bot says today."""

import re

from tests.picture.__main__ import FILE
from tests.picture.call import scene
from tests.picture.draw import picture
from tests.support.call import ROOT


def read(svg: str) -> list[str]:
    """The words of a picture; figures change from call to call."""
    return [re.sub(r"\d+", "0", words) for words in re.findall(r">([^<>]+)</text>", svg)]


async def test_the_picture_is_what_a_call_looks_like_now() -> None:
    kept = (ROOT / FILE).read_text(encoding="utf-8")
    assert read(picture(await scene())) == read(kept), "make picture draws it anew"


def test_the_picture_needs_nothing_from_elsewhere() -> None:
    kept = (ROOT / FILE).read_text(encoding="utf-8")
    assert re.findall(r"https?://\S+?(?=\")", kept) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"url\(|@import|href|<image|<script", kept)
