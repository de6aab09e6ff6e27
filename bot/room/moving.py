"""Takes a running room to another voice channel, or joins its own anew."""

from bot.domain.ports import JoinVoice
from bot.errors import ParleyError
from bot.room.room import Room
from bot.words import t


async def join_anew(room: Room, channel_id: int, join_voice: JoinVoice, *, speaks: bool) -> None:
    """Leave, and join this channel; where that fails, join the one that was.

    However it ends, the room has a link or is told to end.

    Raises:
        VoiceLinkError: It could not be joined. Where the former one can't be either, the room ends.
    """
    before = room.where
    try:
        if (link := room.detach()) is not None:
            await link.close()
        try:
            room.attach(await join_voice(channel_id, room, speaks=speaks))
        except Exception:  # unforeseen, too
            room.attach(await join_voice(before, room, speaks=speaks))
            raise
    except BaseException as error:
        if not room.linked:
            room.lost(error.message if isinstance(error, ParleyError) else _BROKE)
        raise


_BROKE = t("I couldn't join the voice channel, so I can't continue.")
