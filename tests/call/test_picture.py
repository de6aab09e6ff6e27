"""The picture of the text channel in the README shows what the bot posts today."""

import re

from tests.picture import call
from tests.picture.__main__ import FOLDER, PAGE
from tests.picture.page import page
from tests.support.call import ROOT


def read(html: str) -> list[str]:
    """A page's body, line by line; figures change from call to call."""
    _, _, body = html.partition("<body>")
    return re.sub(r"\d+", "0", body).splitlines()


async def test_the_picture_is_what_a_call_looks_like_now() -> None:
    kept = (ROOT / FOLDER / PAGE).read_text(encoding="utf-8")
    assert read(page(await call.played())) == read(kept), "make picture makes it anew"
