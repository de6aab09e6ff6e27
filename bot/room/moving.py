"""Takes a running room to another voice channel, or joins its own anew."""

from bot.errors import VoiceLinkError
from bot.room.ports import JoinVoice
from bot.room.room import Room


async def join_anew(room: Room, channel_id: int, join_voice: JoinVoice, *, speaks: bool) -> None:
    """Leave, and join this channel; where that fails, join the one that was.

    Raises:
        VoiceLinkError: It could not be joined. Where the former one can't be either, the room ends.
    """
    before = room.where
    if (link := room.detach()) is not None:
        await link.close()
    try:
        room.attach(await join_voice(channel_id, room, speaks=speaks))
    except VoiceLinkError:
        try:
            room.attach(await join_voice(before, room, speaks=speaks))
        except VoiceLinkError as error:
            room.lost(error.message)
        raise
