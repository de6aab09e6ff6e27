"""The panel's message, where Discord refuses to change it."""

from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.chat.faults import EDITED_TOO_OFTEN, UNKNOWN_MESSAGE
from bot.domain.events import Usage
from bot.domain.plan import RoomPlan, RoomStatus
from bot.errors import ChatError
from bot.ui.panel import ChannelSurface, PanelButtons
from tests.support.rooms import UNSPENT
from tests.support.rooms_in_memory import House


def refused(status: int, code: int) -> discord.HTTPException:
    response = SimpleNamespace(status=status, reason="", headers={})
    return discord.HTTPException(cast(Any, response), {"code": code, "message": ""})


class Channel:
    """A text channel that takes messages, and refuses edits for a reason."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.edited: list[tuple[int, str]] = []
        self.removed: list[int] = []
        self.refusal: discord.HTTPException | None = None

    async def send(self, content: str, **_: object) -> SimpleNamespace:
        self.sent.append(content)
        return SimpleNamespace(id=len(self.sent))

    def get_partial_message(self, message_id: int) -> SimpleNamespace:
        async def edit(*, content: str, **_: object) -> None:
            if self.refusal is not None:
                raise self.refusal
            self.edited.append((message_id, content))

        async def delete() -> None:
            self.removed.append(message_id)

        return SimpleNamespace(edit=edit, delete=delete)


def surface(channel: Channel, panel_id: int = 0) -> ChannelSurface:
    guild = SimpleNamespace(get_channel=lambda _: None, me=None)
    return ChannelSurface(
        cast(Any, guild),
        cast(Any, channel),
        House().rooms,
        "en-US",
        waiting=lambda: 0,
        now=lambda: 10_000.0,
        panel_id=panel_id,
    )


def state(repairs: float = 0, *, ended: bool = False) -> RoomStatus:
    plan = RoomPlan(1, 10, 20, ("en",))
    return RoomStatus(plan, 5, None, (), 0, Usage(), {"rejoins": repairs}, UNSPENT, ended=ended)


async def test_it_is_sent_once_and_edited_on_change_alone() -> None:
    channel = Channel()
    panel = surface(channel)
    assert [await panel.show(state(n)) for n in (0, 0, 2)] == [True, False, True]
    assert (len(channel.sent), [number for number, _ in channel.edited]) == (1, [1])
    assert "repaired 2 times" in channel.edited[0][1]
    assert panel.panel_id == 1


async def test_after_a_restart_the_former_message_goes_on() -> None:
    channel = Channel()
    await surface(channel, panel_id=77).show(state())
    assert (channel.sent, [number for number, _ in channel.edited]) == ([], [77])


async def test_one_too_old_to_be_edited_is_replaced() -> None:
    channel = Channel()
    panel = surface(channel)
    await panel.show(state())
    channel.refusal = refused(400, EDITED_TOO_OFTEN)
    assert await panel.show(state(2))
    assert (len(channel.sent), channel.removed, panel.panel_id) == (2, [1], 2)


async def test_one_that_was_removed_is_not_written_again() -> None:
    channel = Channel()
    panel = surface(channel)
    await panel.show(state())
    channel.refusal = refused(404, UNKNOWN_MESSAGE)
    await panel.show(state(2))
    assert not await panel.show(state(3))
    assert len(channel.sent) == 1


async def test_other_refusals_are_told_to_who_shows_it() -> None:
    channel = Channel()
    panel = surface(channel)
    await panel.show(state())
    channel.refusal = refused(403, 50013)
    with pytest.raises(ChatError):
        await panel.show(state(2))
    channel.refusal = None
    assert await panel.show(state(ended=True))
    assert "was translated into English" in channel.edited[-1][1]


async def test_its_menu_has_the_chosen_languages_first_and_no_more_than_discord_takes() -> None:
    plan = RoomPlan(1, 10, 20, ("es", "ca"))
    room = RoomStatus(plan, 5, None, (), 0, Usage(), {}, UNSPENT, chosen=("es",))
    buttons = PanelButtons(House().rooms, room, "de")
    menu = next(item for item in buttons.children if isinstance(item, discord.ui.Select))
    assert [(o.label, o.default) for o in menu.options[:1]] == [("Spanisch", True)]
    assert len(menu.options) == len({o.value for o in menu.options}) <= 25
    assert menu.max_values == min(5, len(menu.options))
    ids = [cast(Any, item).custom_id for item in buttons.children]
    assert len(ids) == len(set(ids)) == 5
    assert buttons.is_persistent()
