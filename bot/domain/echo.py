"""What a member is told whose microphone returns the bot's voice."""

from bot.domain.events import Member
from bot.words import t


def echo_notice(member: Member) -> tuple[str, str]:
    """Return the matter's code, as `Listener.noticed` takes it, and the sentence."""
    return (
        f"echo_{member.id}",
        t(
            "{member}, your microphone picks up my voice. Use headphones, or turn on Echo "
            "Cancellation in Discord under User Settings > Voice & Video.",
            member=member.name,
        ),
    )
