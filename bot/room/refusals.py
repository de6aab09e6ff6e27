"""Why a room can't be had."""

from bot.errors import NoRoomError, RestartingError, RoomBusyError, RoomError
from bot.words import command, t


def busy() -> RoomBusyError:
    """The guild has one."""
    return RoomBusyError(
        t(
            "This server is already translating a voice channel. Stop it with {stop}.",
            stop=command("translate stop"),
        )
    )


def stopped() -> RoomError:
    """It was stopped while it started."""
    return RoomError(t("Translation was stopped before it began."))


def restarting() -> RestartingError:
    """The process ends."""
    return RestartingError(t("I'm restarting. Try again in a minute."))


def none_runs() -> NoRoomError:
    """The guild has none."""
    return NoRoomError(
        t(
            "Nothing is being translated here. Start with {start}.",
            start=command("translate start"),
        )
    )
