"""A room's state in words."""

from collections.abc import Mapping

import discord

from bot.room.events import ConversationState
from bot.room.room import RoomStatus, SpeakerStatus

_LIMIT = 2000  # characters of a message
_CONVERSATION = {
    ConversationState.IDLE: "ready",
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
        *(_speaker(speaker) for speaker in status.speakers),
        (
            f"-# {status.captions} caption updates, {status.usage.audio_in_s / 60:.1f} minutes "
            f"translated, {status.usage.connects} connections"
        ),
    ]
    while len(whole := "\n".join(lines)) > _LIMIT:
        del lines[-2]
    return whole


def _hearing(status: RoomStatus) -> str:
    if status.heard_ago_s is None:
        return "Nobody has been heard yet."
    return f"Last heard {_duration(status.heard_ago_s)} ago."


def _speaker(speaker: SpeakerStatus) -> str:
    name = discord.utils.escape_markdown(speaker.member.name)
    if not speaker.consenting:
        return f"- {name}: not heard, has not joined in"
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
