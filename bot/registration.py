"""Commands are registered with Discord when they differ from what it has, not at every start.

Registering counts against a limit of its own, and clients load the commands anew after it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import discord
from discord import app_commands
from discord.http import Route

from bot.logs import get_logger

log = get_logger(__name__)

# What Discord adds, and what it has replaced by `contexts`.
_THEIRS: Final = frozenset(
    {"id", "application_id", "guild_id", "version", "dm_permission", "default_permission"}
)
_DEFAULTED: Final = ("contexts", "integration_types")  # Discord fills them in where we say nothing


async def register(tree: app_commands.CommandTree[Any], application_id: int) -> Mapping[str, int]:
    """Make Discord's commands those of the tree; returns the ids of those that are typed, by name.

    Raises:
        discord.DiscordException: Discord refuses, or can't be reached.
    """
    ours = await _payload(tree)
    route = Route("GET", "/applications/{application_id}/commands", application_id=application_id)
    theirs = await tree.client.http.request(route, params={"with_localizations": "true"})
    if same(ours, theirs):
        log.info("commands are registered, unchanged", commands=len(ours))
        return {
            command["name"]: int(command["id"])
            for command in theirs
            if command.get("type", 1) == discord.AppCommandType.chat_input.value
        }
    registered = await tree.sync()
    log.info("commands registered, as they had changed", commands=len(ours))
    return {
        command.name: command.id
        for command in registered
        if command.type is discord.AppCommandType.chat_input
    }


async def _payload(tree: app_commands.CommandTree[Any]) -> list[dict[str, Any]]:
    translator = tree.translator
    return [
        (
            command.to_dict(tree)
            if translator is None
            else await command.get_translated_payload(tree, translator)
        )
        for kind in discord.AppCommandType
        for command in tree.get_commands(type=kind)
    ]


def same(ours: Iterable[Mapping[str, Any]], theirs: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether Discord has the commands that we would send.

    Args:
        ours: Our commands, as they are sent.
        theirs: Discord's commands as it lists them, translations included.
    """
    sent = {_key(command): command for command in ours}
    listed = {_key(command): command for command in theirs}
    return sent.keys() == listed.keys() and all(
        _plain(command, unsaid := _unsaid(command)) == _plain(listed[key], unsaid)
        for key, command in sent.items()
    )


def _key(command: Mapping[str, Any]) -> tuple[int, str]:
    return command.get("type", 1), command["name"]


def _unsaid(command: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(name for name in _DEFAULTED if command.get(name) is None)


def _plain(command: Mapping[str, Any], unsaid: frozenset[str]) -> dict[str, Any]:
    plain = {name: _stripped(value) for name, value in command.items()}
    if (permissions := plain.get("default_member_permissions")) is not None:
        plain["default_member_permissions"] = str(permissions)  # a number is sent, a string listed
    return {
        name: value
        for name, value in plain.items()
        if name not in _THEIRS and name not in unsaid and not _is_empty(value)
    }


def _stripped(value: Any) -> Any:
    """Return a value without what says nothing: Discord leaves some of it out."""
    if isinstance(value, Mapping):
        return {k: _stripped(v) for k, v in value.items() if not _is_empty(v)}
    if isinstance(value, list):
        return [_stripped(entry) for entry in value]
    return value


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value in ([], {}, "")
