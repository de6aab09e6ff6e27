"""Why a room can't be had."""

from bot.errors import NoRoomError, RestartingError, RoomBusyError, RoomError
from bot.words import command, t


def busy() -> RoomBusyError:
    """Return why no room begins: the guild has one."""
    return RoomBusyError(
        t(
            "This server is already translating a voice channel. Stop it with {stop}.",
            stop=command("translate stop"),
        )
    )


def stopped() -> RoomError:
    """Return why a room does not begin: it was stopped while it started."""
    return RoomError(t("Translation was stopped before it began."))


def restarting() -> RestartingError:
    """Return why nothing begins or changes: the process ends."""
    return RestartingError(t("I'm restarting. Try again in a minute."))


def none_runs() -> NoRoomError:
    """Return why nothing can be done: the guild has no room."""
    return NoRoomError(
        t(
            "Nothing is being translated here. Start with {start}.",
            start=command("translate start"),
        )
    )
