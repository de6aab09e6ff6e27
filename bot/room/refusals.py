"""Why a room can't be had."""

from bot.errors import NoRoomError, RoomBusyError
from bot.words import command, t


def busy() -> RoomBusyError:
    """The guild has one."""
    return RoomBusyError(
        t(
            "This server already has a room running; {stop} ends it.",
            stop=command("translate stop"),
        )
    )


def none_runs() -> NoRoomError:
    """The guild has none."""
    return NoRoomError(
        t(
            "Nothing is being translated here; {start} begins.",
            start=command("translate start"),
        )
    )
