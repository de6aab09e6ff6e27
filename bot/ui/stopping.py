"""Stops a call: asks back while others are heard, and looks anew when that is confirmed.

The question keeps no state: its button carries the session of the call it was asked for, so that it
answers after a restart too, and never stops another call.
"""

import re
from functools import partial
from typing import Any, Final, Self

import discord

from bot.domain.plan import RoomStatus
from bot.errors import ParleyError, RoomError, UsageError
from bot.logs import get_logger
from bot.room.rooms import Rooms
from bot.ui.answers import answer, done_at_once, locale, put_in_place, take_time
from bot.ui.cooldowns import admits
from bot.ui.deciding import check_decides, decides_anyway
from bot.words import Text, command, render, t, tn

log = get_logger(__name__)

Interaction = discord.Interaction[Any]

CONFIRM: Final = "parley:stop:confirm"
CANCEL: Final = "parley:stop:cancel"
_STOPPED: Final = t("Translation has stopped.")
_STOPPING: Final = t("Nobody is heard anymore. The last captions are still on their way.")


async def stop(rooms: Rooms, interaction: Interaction) -> None:
    """Stop the server's call for who asked, or ask them back while others are heard.

    Nobody is heard from the decision on, whatever is then waited for.

    Raises:
        NoRoomError: There is none.
        StarterError: Others decide.
    """
    person = _member(interaction)
    if not decides_anyway(rooms, person):
        await take_time(interaction)
    await check_decides(rooms, person, less=True)
    room = rooms.find(person.guild.id)
    status = None if room is None or room.over else room.status()
    others = 0 if status is None else len(status.heard - {person.id})
    if status is not None and others:
        view = _view(status.plan.session, locale(interaction))
        await answer(interaction, _question(status, others), view=view)
        return
    rooms.deafen(person.guild.id)
    await done_at_once(interaction, rooms.stop(person.guild.id, by_hand=True))
    await answer(interaction, _STOPPED)


def _question(status: RoomStatus, others: int) -> Text:
    channel = f"<#{status.plan.voice_channel_id}>"
    if status.hears_nobody:
        return t("**Stop translating {channel} for everyone?**", channel=channel)
    return tn(
        "**Stop translating {channel} for everyone?** {count} other person is being heard.",
        "**Stop translating {channel} for everyone?** {count} other people are being heard.",
        others,
        channel=channel,
    )


def _view(session: str, locale: str) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    view.add_item(
        discord.ui.Button(
            label=render(t("Stop for everyone"), locale),
            style=discord.ButtonStyle.danger,
            custom_id=f"{CONFIRM}/{session}",
        )
    )
    view.add_item(discord.ui.Button(label=render(t("Cancel"), locale), custom_id=CANCEL))
    view.stop()  # the registered ones answer; discord.py would keep each that was sent
    return view


class _Button(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"parley:stop:.+"):
    """One of the question's buttons. What comes of a press takes the question's place."""

    def __init__(self, button: discord.ui.Button[Any], session: str = "") -> None:
        super().__init__(button)
        self.session = session

    @classmethod
    async def from_custom_id(
        cls, _: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button that was pressed."""
        if not isinstance(item, discord.ui.Button):
            raise TypeError("the question has buttons only")
        return cls(item, match.groupdict().get("session", ""))

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Return whether the cooldowns admit the press."""
        return await admits(interaction)


def buttons(rooms: Rooms) -> tuple[type[discord.ui.DynamicItem[Any]], ...]:
    """Make the classes that answer the question's buttons, for these rooms."""

    class Confirm(_Button, template=rf"{CONFIRM}/(?P<session>\w+)"):
        async def callback(self, interaction: Interaction) -> None:
            try:
                await _confirmed(rooms, interaction, self.session)
            except ParleyError as error:
                log.info("button refused", code=error.code)
                await put_in_place(interaction, error.message)
            else:
                await put_in_place(interaction, _STOPPED)

    class Cancel(_Button, template=CANCEL):
        async def callback(self, interaction: Interaction) -> None:
            await put_in_place(interaction, t("Cancelled."))

    return Confirm, Cancel


async def _confirmed(rooms: Rooms, interaction: Interaction, session: str) -> None:
    """Stop this call, if it still runs and the person still decides.

    Raises:
        NoRoomError: There is none any more.
        RoomError: Another one runs.
        StarterError: Others decide by now.
    """
    person = _member(interaction)
    guild_id = person.guild.id
    await check_decides(rooms, person, less=True)
    if rooms.status(guild_id).plan.session != session:
        raise RoomError(
            t(
                "That call has ended and another one is running. Stop it with {stop}.",
                stop=command("translate stop"),
            )
        )
    rooms.deafen(guild_id)
    stopping = rooms.stop(guild_id, by_hand=True)
    await done_at_once(interaction, stopping, partial(put_in_place, text=_STOPPING))


def _member(interaction: Interaction) -> discord.Member:
    if not isinstance(interaction.user, discord.Member):
        raise UsageError(t("This only works in a server."))
    return interaction.user
