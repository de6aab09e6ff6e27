"""What stands in the text channel at one moment, and who is in the voice channel."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.loopback import Channel, Message


@dataclass(frozen=True, slots=True)
class Post:
    """A message as everybody sees it.

    Attributes:
        own: Whether it stands under the bot's own name, not under a speaker's.
        minute: Since the first message of the channel.
    """

    author: str
    own: bool
    content: str
    components: tuple[Mapping[str, Any], ...]
    edited: bool
    minute: int


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in the voice channel."""

    name: str
    speaking: bool = False
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """One moment of a call.

    Attributes:
        posts: Oldest first.
        members: Of the voice channel, in the order in which they came.
        names: Of channels and people, by id, as they are mentioned.
    """

    server: str
    text: str
    voice: str
    posts: tuple[Post, ...]
    members: tuple[Member, ...]
    names: Mapping[int, str]


def scene(
    captions: Channel, lounge: Channel, members: Iterable[Member], people: Mapping[int, str]
) -> Scene:
    """The moment that is now.

    Args:
        captions: The text channel.
        lounge: The voice channel.
        members: Who is in it.
        people: Names by id of whoever may be mentioned.
    """
    standing = [m for m in captions.messages if not m.deleted and m.private_to is None]
    names = {channel.id: f"#{channel.name}" for channel in (lounge, captions)}
    names |= {id_: f"@{name}" for id_, name in people.items()}
    return Scene(
        captions.guild.name,
        captions.name,
        lounge.name,
        tuple(_post(message, standing[0]) for message in standing),
        tuple(members),
        names,
    )


def _post(message: Message, first: Message) -> Post:
    since = message.timestamp - first.timestamp
    return Post(
        message.author_name,
        message.webhook_id is None,
        message.content,
        tuple(message.components),
        message.edited is not None,
        int(since.total_seconds() // 60),
    )
