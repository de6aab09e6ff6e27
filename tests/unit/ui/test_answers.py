"""Answers that come when Discord waits no longer."""

import logging
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.errors import MessageGoneError
from bot.ui.answers import answer, done_at_once, take_time
from tests.support.log_lines import logged

UNKNOWN_INTERACTION = 10062
MISSING_PERMISSIONS = 50013


class Press:
    """An interaction that Discord refuses to have answered.

    Args:
        code: Of the refusal.
        acknowledged: Whether "thinking" was shown before.
    """

    def __init__(self, code: int, *, acknowledged: bool = False) -> None:
        response = SimpleNamespace(status=404, reason="", headers={})
        self._refusal = discord.NotFound(cast(Any, response), {"code": code, "message": ""})
        self.locale = "en-US"
        self.response = SimpleNamespace(
            is_done=lambda: acknowledged, defer=self._refuse, send_message=self._refuse
        )
        self.edit_original_response = self._refuse

    async def _refuse(self, *_: object, **__: object) -> None:
        raise self._refusal


def press(code: int, *, acknowledged: bool = False) -> discord.Interaction[Any]:
    return cast("discord.Interaction[Any]", Press(code, acknowledged=acknowledged))


@pytest.mark.parametrize("acknowledged", [False, True])
async def test_an_answer_that_comes_too_late_stands_in_the_log_alone(
    caplog: pytest.LogCaptureFixture, *, acknowledged: bool
) -> None:
    caplog.set_level(logging.INFO)
    await answer(press(UNKNOWN_INTERACTION, acknowledged=acknowledged), "Done.")
    assert logged(caplog.records) == ["an answer came too late code=10062"]
    with pytest.raises(discord.NotFound):
        await answer(press(MISSING_PERMISSIONS, acknowledged=acknowledged), "Done.")


async def test_what_can_no_longer_be_acknowledged_is_not_begun() -> None:
    with pytest.raises(MessageGoneError):
        await take_time(press(UNKNOWN_INTERACTION))
    with pytest.raises(discord.NotFound):
        await take_time(press(MISSING_PERMISSIONS))


async def test_what_must_not_wait_is_done_all_the_same() -> None:
    done = []

    async def work() -> None:
        done.append(1)

    with pytest.raises(MessageGoneError):
        await done_at_once(press(UNKNOWN_INTERACTION), work())
    assert done == [1]
