"""Why a room can't be had."""

from bot.errors import NoRoomError, RestartingError, RoomBusyError, RoomError
from bot.words import command, t


def busy() -> RoomBusyError:
    """The guild has one."""
    return RoomBusyError(
        t(
            "This server already has a room running; {stop} ends it.",
            stop=command("translate stop"),
        )
    )


def stopped() -> RoomError:
    """It was stopped while it started."""
    return RoomError(t("Translation was stopped before it began."))


def restarting() -> RestartingError:
    """The process ends."""
    return RestartingError(t("I am being restarted: please try again in a minute."))


def none_runs() -> NoRoomError:
    """The guild has none."""
    return NoRoomError(
        t(
            "Nothing is being translated here; {start} begins.",
            start=command("translate start"),
        )
    )
