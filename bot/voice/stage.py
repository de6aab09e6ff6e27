"""Speaking on a stage, where everybody enters as a listener."""

import discord

from bot.logs import get_logger
from bot.voice.watch.voice_state import VoiceNotice
from bot.words import t

log = get_logger(__name__)


async def ask_to_speak(channel: discord.StageChannel) -> VoiceNotice | None:
    """Become a speaker where that is permitted, else raise the hand.

    Returns:
        What a moderator must do before translations can be heard; None when nothing.
    """
    me = channel.guild.me
    try:
        if channel.permissions_for(me).mute_members:
            await me.edit(suppress=False)
            return None
    except discord.HTTPException as error:
        log.info("could not become a speaker of the stage", status=error.status)
    try:
        await me.request_to_speak()
    except discord.ClientException:
        return None  # it has left meanwhile
    except discord.HTTPException as error:
        log.info("could not ask to speak on the stage", status=error.status)
        return VoiceNotice(
            "stage",
            t(
                "I can't ask to speak on {channel}. A stage moderator has to invite me or "
                "give me the Request to Speak permission. Until then, there are only "
                "captions.",
                channel=channel.name,
            ),
        )
    return VoiceNotice(
        "stage",
        t(
            "I've asked to speak on {channel}. A stage moderator has to accept before "
            "translations can be read aloud there. Until then, there are only captions.",
            channel=channel.name,
        ),
    )
