"""What the bot's owner is written, on the loopback Discord."""

import logging

import pytest

from bot.chat.owner import OwnerMessages
from tests.integration.loopback_bot import scene


async def test_the_owner_of_the_application_is_told_alone_or_the_log_says_it_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with scene() as here:
        owner = OwnerMessages(here.client)
        with caplog.at_level(logging.INFO, "bot.chat.owner"):
            await owner.tell("80 % is used.")  # the application is nobody's
        said = [record for record in caplog.records if record.name == "bot.chat.owner"]
        assert [record.levelname for record in said] == ["INFO"]
        here.app.owner = here.ana.user
        await owner.tell("80 % is used.")
        assert [m.content for m in here.ana.direct(here.app).messages] == ["80 % is used."]
        assert here.captions.messages == []
