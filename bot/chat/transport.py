"""What a caption board needs of a text channel: to post, edit and delete single messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.chat.budget import Budget
from bot.domain.events import Member

# Who posts what several people said; their names stand in the message.
DIGEST = Member(0, "Parley")


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A message posted by us.

    Attributes:
        id: The message's id.
        webhook_id: The webhook it went through; None: it is the bot's own.
        channel_id: Where it stands; 0: where its transport writes, and nowhere else.
    """

    id: int
    webhook_id: int | None = None
    channel_id: int = 0


@dataclass(frozen=True, slots=True)
class Posted:
    """A message was posted; `notice` is something the channel's people should be told, once."""

    ref: MessageRef
    notice: str | None = None


class CaptionTransport(Protocol):
    """A text channel. Pings nobody, whatever the content.

    Each call is one request that counts against the channel's limits, and raises ChatError:
    RateLimitError, MessageGoneError, or another whose `retryable` says whether to try again.
    """

    def own_budget(self) -> Budget | None:
        """Return what the bot's own messages draw on; None where it may not post captions so."""

    async def post(self, speaker: Member | None, content: str, *, own: bool = False) -> Posted:
        """Post under a speaker's name and picture, or (None) under the bot's own.

        With `own` under the bot's too, the speaker's name in the text, where that may be done.
        """

    async def find(self, speaker: Member | None, content: str) -> MessageRef | None:
        """Return our newest message that reads so, posted within the last minutes, if any."""

    async def edit(self, ref: MessageRef, speaker: Member | None, content: str) -> None:
        """Replace the content of a message."""

    async def delete(self, ref: MessageRef) -> None:
        """Remove a message; one that is gone already is no error."""

    async def delete_all(self, refs: Sequence[MessageRef]) -> bool:
        """Remove up to a hundred messages at once; False where that may not be done."""
