"""Mentions of commands in a message, as Discord shows them: `</translate start:123>`."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from bot.loopback.state.entities import Json

_MENTION: Final = re.compile(r"(?<!\\)</([-_'\w]+(?: [-_'\w]+){0,2}):(\d+)>")


@dataclass(frozen=True, slots=True)
class MentionsShown:
    """A piece of a text; `command` is set where it is one to be clicked, shown as a blue chip."""

    text: str
    command: bool = False


def pieces(
    content: str, commands: Iterable[Json], locale: str = "en-US"
) -> Iterator[MentionsShown]:
    """Yield a text in the pieces that a reader tells apart.

    Args:
        content: The text with its mentions; a mention of an unknown command stays as it is.
        commands: The application's commands as Discord has them, with their translations.
        locale: The reader's locale.
    """
    known = {command["id"]: command for command in commands}
    at = 0
    for found in _MENTION.finditer(content):
        name = _name(known.get(found[2]), found[1].split(), locale)
        if name is None:
            continue
        if found.start() > at:
            yield MentionsShown(content[at : found.start()])
        yield MentionsShown(f"/{name}", command=True)
        at = found.end()
    if at < len(content):
        yield MentionsShown(content[at:])


def shown(content: str, commands: Iterable[Json], locale: str = "en-US") -> str:
    """Return a text as its reader sees it."""
    return "".join(piece.text for piece in pieces(content, commands, locale))


def _name(command: Json | None, path: list[str], locale: str) -> str | None:
    if command is None or command["name"] != path[0] or command.get("type", 1) != 1:
        return None
    part, names = command, [_localized(command, locale)]
    for step in path[1:]:
        found = next((option for option in part["options"] if option["name"] == step), None)
        if found is None:
            return None
        part = {"options": [], **found}
        names.append(_localized(part, locale))
    if any(option["type"] in (1, 2) for option in part["options"]):
        return None  # a group can't be used, nor mentioned
    return " ".join(names)


def _localized(part: Json, locale: str) -> str:
    name: str = (part.get("name_localizations") or {}).get(locale) or part["name"]
    return name
