"""A room's state in words."""

from collections.abc import Mapping

import discord

from bot.room.events import ConversationState
from bot.room.room import RoomStatus, SpeakerStatus

_LIMIT = 2000  # characters of a message
_CONVERSATION = {
    ConversationState.IDLE: "ready",
    ConversationState.WAITING: "waiting for a connection",
    ConversationState.OPENING: "opening",
    ConversationState.OPEN: "open",
    ConversationState.CLOSED: "ended",
}


def text(status: RoomStatus, names: Mapping[str, str]) -> str:
    """What `/translate status` answers; never more than a message holds."""
    plan = status.plan
    targets = ", ".join(names.get(target, target) for target in plan.targets)
    lines = [
        (
            f"**Translating <#{plan.voice_channel_id}> into {targets}** "
            f"for {_duration(status.running_s)}, captions in <#{plan.text_channel_id}>"
        ),
        _hearing(status),
        *(_speaker(speaker, _obstacle(status)) for speaker in status.speakers),
        (
            f"-# {status.captions} caption updates, {status.usage.audio_in_s / 60:.1f} minutes "
            f"translated, {status.usage.connects} connections"
        ),
    ]
    while len(whole := "\n".join(lines)) > _LIMIT:
        del lines[-2]
    return whole


def _hearing(status: RoomStatus) -> str:
    figures = status.figures
    sentences = []
    if (obstacle := _obstacle(status)) is not None:
        sentences.append(f"**Nobody is heard at the moment: {obstacle}.**")
    if status.heard_ago_s is None:
        sentences.append("Nobody has been heard yet.")
    else:
        sentences.append(f"Last heard {_duration(status.heard_ago_s)} ago.")
    if status.plan.spoken is not None:
        if figures.get("muted"):
            sentences.append("The translation can't be spoken: I am muted by the server.")
        elif figures.get("audience"):
            sentences.append("The translation can't be spoken: I am in the stage's audience.")
    if repairs := int(figures.get("rejoins", 0)):
        sentences.append(f"The voice connection was repaired {repairs} times.")
    return " ".join(sentences).replace("repaired 1 times", "repaired once")


def _obstacle(status: RoomStatus) -> str | None:
    """Why nobody can be heard, if so."""
    if status.figures.get("deafened"):
        return "I am deafened by the server"
    if status.figures.get("deaf"):
        return "I am reconnecting"
    return None


def _speaker(speaker: SpeakerStatus, obstacle: str | None) -> str:
    name = discord.utils.escape_markdown(speaker.member.name)
    if not speaker.consenting:
        return f"- {name}: not heard, has not joined in"
    if obstacle is not None:
        return f"- {name}: not heard, {obstacle}"
    if not speaker.conversations:
        return f"- {name}: heard, has not spoken yet"
    states = ", ".join(
        f"{language} {_CONVERSATION[state]}" for language, state in speaker.conversations.items()
    )
    return f"- {name}: {'speaking' if speaker.speaking else 'heard'} ({states})"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
