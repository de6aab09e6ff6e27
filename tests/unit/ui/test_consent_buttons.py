"""The buttons beneath a notice: posted without rooms, answered by those that are registered."""

from typing import Any, cast

from bot.ui.consent_notice import ConsentButtons, consent_buttons
from tests.support.rooms_in_memory import House


async def test_the_registered_buttons_answer_those_that_are_posted() -> None:
    posted = [cast(Any, item) for item in consent_buttons("de").children]
    registered = [cast(Any, item) for item in ConsentButtons(House().rooms, "de").children]
    for name in ("custom_id", "label", "style"):
        of_each = [[getattr(item, name) for item in items] for items in (posted, registered)]
        assert of_each[0] == of_each[1], name


async def test_discord_py_keeps_no_posted_button_in_memory() -> None:
    assert consent_buttons("en-US").is_finished()
