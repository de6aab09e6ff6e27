"""The invitation in the guide asks for what the bot uses, and for nothing more."""

import re
from pathlib import Path

import discord

from bot.ui.permissions import ASKED_FOR

GUIDE = Path(__file__).parents[3] / "docs" / "install.md"


def test_the_invitation_asks_for_exactly_what_the_bot_uses() -> None:
    links = re.findall(r"oauth2/authorize\?\S*permissions=(\d+)", GUIDE.read_text("utf-8"))
    wanted = discord.Permissions(**dict.fromkeys(ASKED_FOR, True))
    assert [discord.Permissions(int(link)) for link in links] == [wanted]
