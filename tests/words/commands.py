"""The commands of the cogs, as they are registered: names, descriptions and choices."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass

from discord import app_commands
from discord.ext import commands

import cogs
from bot.ui.messages.menu import MessageMenu
from bot.words.catalogue import DESCRIPTION, MENU, NAME


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a command.

    Attributes:
        context: What it is; None for the name of a choice.
        where: The command it belongs to.
    """

    message: str
    context: str | None
    where: str


def words() -> list[Word]:
    """Those of every command of every cog."""
    return [word for cog in _cogs() for word in _of_cog(cog)]


def paths() -> set[str]:
    """Every command's names, the outermost first: "translate stop"."""
    return {word.where for word in words() if word.context == NAME}


def menus() -> set[str]:
    """The names of commands in the context menu of messages."""
    return {word.where for word in words() if word.context == MENU}


def _cogs() -> Iterator[type[commands.Cog]]:
    for module in pkgutil.iter_modules(cogs.__path__):
        for value in vars(importlib.import_module(f"cogs.{module.name}")).values():
            is_cog = isinstance(value, type) and issubclass(value, commands.Cog)
            if is_cog and value.__module__ == f"cogs.{module.name}":
                yield value


def _of_cog(cog: type[commands.Cog]) -> Iterator[Word]:
    if issubclass(cog, MessageMenu):
        yield Word(cog.menu, MENU, cog.menu)
    path: tuple[str, ...] = ()
    if issubclass(cog, commands.GroupCog):
        path = (str(cog.__cog_group_name__),)
        yield from _named(str(cog.__cog_group_name__), str(cog.__cog_group_description__), path)
    for command in cog.__cog_app_commands__:
        if command.parent is None:
            yield from _of_command(command, path)


def _of_command(
    command: app_commands.Command[commands.Cog, ..., object] | app_commands.Group,
    path: tuple[str, ...],
) -> Iterator[Word]:
    path = (*path, command.name)
    yield from _named(command.name, command.description, path)
    if isinstance(command, app_commands.Group):
        for child in command.commands:
            yield from _of_command(child, path)
        return
    for parameter in command.parameters:
        place = " ".join(path)
        yield Word(parameter.display_name, NAME, place)
        yield Word(str(parameter.description), DESCRIPTION, place)
        for choice in parameter.choices:
            yield Word(choice.name, None, place)


def _named(name: str, description: str, path: tuple[str, ...]) -> Iterator[Word]:
    place = " ".join(path)
    yield Word(name, NAME, place)
    yield Word(description, DESCRIPTION, place)
