"""Writes the picture of the text channel that stands in the README."""

import asyncio
from pathlib import Path

from tests.picture.call import scene
from tests.picture.draw import picture

FILE = Path("bot/demo/channel.svg")

if __name__ == "__main__":
    FILE.write_text(picture(asyncio.run(scene())), encoding="utf-8")
