"""What stands in a message: its words, wherever they are, and of a caption of ours its parts."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

import discord

from bot.chat.rendering.reading import Read, read_all
from bot.chat.rendering.render import has_name

Interaction = discord.Interaction[Any]

_NAME: Final = re.compile(r"^((?:`[A-Z0-9?-]+` )?(?:-# )?)\*\*.+?\*\* ", re.MULTILINE)
_SPOKEN: Final = re.compile(r"^-# (?:\*\*.+?\*\* )?([a-z0-9-]+) · ", re.MULTILINE)
MOST_CHARACTERS: Final = (
    6_000  # of a message's embeds together, as Discord bounds them; text: 4,000
)


def words_of(message: discord.Message) -> str:
    """Return a message's text; else that of what it forwards, its embeds, components or poll."""
    forwarded = "\n".join(one.content for one in message.message_snapshots)
    found = (
        message.content,
        forwarded,
        "\n".join(_of_embeds(message.embeds)),
        "\n".join(_of_components(message.components)),
        "" if message.poll is None else "\n".join(_of_poll(message.poll)),
    )
    return next((text for text in found if text.strip()), "")[:MOST_CHARACTERS]


def _of_embeds(embeds: Iterable[discord.Embed]) -> Iterator[str]:
    for embed in embeds:
        if embed.title:
            yield f"**{embed.title}**"
        if embed.description:
            yield embed.description
        for field in embed.fields:
            yield f"**{field.name}**"
            yield str(field.value)
        if embed.footer.text:
            yield f"-# {embed.footer.text}"


def _of_components(components: Iterable[Any]) -> Iterator[str]:
    for component in components:
        if isinstance(component, discord.components.TextDisplay):
            yield component.content
        yield from _of_components(getattr(component, "children", ()))


def _of_poll(poll: discord.Poll) -> Iterator[str]:
    yield poll.question
    for answer in poll.answers:
        yield f"- {answer.text}"


def caption_of(interaction: Interaction, message: discord.Message) -> list[Read]:
    """Return the languages of a caption of this bot's, also of an earlier run; empty for others.

    Of several sentences in one message each language has all; where they were said in several
    languages, it is not known in which.
    """
    own = message.application_id == interaction.application_id
    if message.webhook_id is not None:
        # What answers an interaction counts as a webhook's message too: the application's.
        ours = own and message.webhook_id != interaction.application_id
    else:
        ours = message.author.id == interaction.client.user.id and has_name(message.content)
    if not ours or not message.content:
        return []
    spoken = set(_SPOKEN.findall(message.content))
    return [
        replace(line, source_language=line.source_language if len(spoken) == 1 else "")
        for line in read_all(_NAME.sub(r"\1", message.content))
    ]
