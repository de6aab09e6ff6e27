"""What an application command may be.

https://discord.com/developers/docs/interactions/application-commands
"""

import re
from enum import IntEnum
from typing import Any, Final

from bot.loopback.rest.field import Field

_LOCALES = (
    "en-US en-GB bg zh-CN zh-TW hr cs id da nl fi fr de el hi hu it ja ko es-419 lt no pl pt-BR ro "
    "ru es-ES sv-SE th tr uk vi"
)
LOCALES: Final = frozenset(_LOCALES.split())
COMMANDS_LIMIT = 100
MENUS_LIMIT = 5  # of people's context menu, and of messages'
SIZE_LIMIT = 8000

# \w of Python lacks the vowel signs of Devanagari and Thai, which Discord takes.
NAME = re.compile("[-_'\\w\u0900-\u097f\u0e00-\u0e7f]{1,32}")


class OptionType(IntEnum):
    """The type of value that an option takes."""

    SUB_COMMAND = 1
    SUB_COMMAND_GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10
    ATTACHMENT = 11


_WITH_CHOICES = frozenset({OptionType.STRING, OptionType.INTEGER, OptionType.NUMBER})
_VALUES = frozenset(OptionType) - {OptionType.SUB_COMMAND, OptionType.SUB_COMMAND_GROUP}


def check_commands(form: Field) -> None:
    """Check the body of a bulk overwrite: up to a hundred commands, each name once.

    Raises:
        Refusal: 50035.
    """
    names: set[tuple[str, str]] = set()
    for command in form.items(0, COMMANDS_LIMIT + 2 * MENUS_LIMIT):
        check_command(command)
        key = (str(command["type"].value_or_none() or 1), str(command["name"].value_or_none()))
        same_type = sum(kind == key[0] for kind, _ in names)
        most = COMMANDS_LIMIT if key[0] == "1" else MENUS_LIMIT
        if same_type >= most:
            form.wrong("BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
        if key in names:
            command["name"].wrong(
                "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique"
            )
        names.add(key)
    form.refuse_if_wrong()


def check_command(command: Field, *, partial: bool = False) -> None:
    """Check one command and note what is wrong. `partial` for an edit."""
    if not command.object():
        return
    kind = command["type"].choice((1, 2, 3)) or 1
    if kind == 1:
        _check_name(command, required=not partial)
        _check_described(command, required=not partial)
    else:
        _check_menu(command, required=not partial)
    command["default_member_permissions"].integer(0)
    command["nsfw"].boolean()
    for context in command["contexts"].items(0, 3):
        context.choice((0, 1, 2))
    for place in command["integration_types"].items(0, 2):
        place.choice((0, 1))
    _check_options(command["options"], frozenset(OptionType), depth=0)
    if _size(command.value) > SIZE_LIMIT:
        command.wrong(
            "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({SIZE_LIMIT})"
        )


def _check_options(field: Field, allowed: frozenset[OptionType], *, depth: int) -> None:
    names: set[str] = set()
    optional_seen = False
    kinds: set[bool] = set()
    for option in field.items(0, 25):
        if not option.object():
            continue
        _check_name(option, required=True)
        _check_described(option, required=True)
        name = option["name"].value
        if isinstance(name, str) and name in names:
            option["name"].wrong(
                "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name already exists"
            )
        names.add(str(name))
        kind = option["type"].choice(sorted(allowed), required=True)
        if kind is None:
            continue
        kinds.add(kind in _VALUES)
        if kind in _VALUES:
            required = bool(option["required"].boolean())
            if required and optional_seen:
                option.wrong(
                    "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                    "Required options must be placed before non-required options",
                )
            optional_seen = optional_seen or not required
            _check_value_option(option, OptionType(kind))
        elif kind == OptionType.SUB_COMMAND:
            _check_options(option["options"], _VALUES, depth=depth + 1)
        else:
            _check_options(option["options"], frozenset({OptionType.SUB_COMMAND}), depth=depth + 1)
    if len(kinds) > 1:
        field.wrong(
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Sub-command and sub-command group option types are mutually exclusive to all other "
            "types",
        )


def _check_value_option(option: Field, kind: OptionType) -> None:
    choices = list(option["choices"].items(0, 25))
    if choices and kind not in _WITH_CHOICES:
        option["choices"].wrong(
            "APPLICATION_COMMAND_OPTION_CHOICES_NOT_ALLOWED", "This option type takes no choices"
        )
    for choice in choices:
        check_choice(choice, kind)
    if option["autocomplete"].boolean():
        if kind not in _WITH_CHOICES:
            option["autocomplete"].wrong(
                "APPLICATION_COMMAND_OPTION_AUTOCOMPLETE_NOT_ALLOWED",
                "This option type takes no autocomplete",
            )
        if choices:
            option["choices"].wrong(
                "APPLICATION_COMMAND_OPTIONS_CHOICES_WITH_AUTOCOMPLETE",
                "Choices and autocomplete are mutually exclusive",
            )
    for channel_type in option["channel_types"].items(0, 20):
        channel_type.choice((0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16))
    if kind == OptionType.INTEGER:
        option["min_value"].integer()
        option["max_value"].integer()
    elif kind == OptionType.STRING:
        option["min_length"].integer(0, 6000)
        option["max_length"].integer(1, 6000)


def check_choice(choice: Field, kind: OptionType) -> None:
    """Check one choice of an option, also of an autocomplete answer."""
    if not choice.object():
        return
    choice["name"].string(1, 100, required=True)
    _check_localizations(choice["name_localizations"], 100, None)
    value = choice["value"]
    if kind == OptionType.STRING:
        value.string(1, 100, required=True)
    elif kind == OptionType.INTEGER:
        value.integer(-(2**53), 2**53, required=True)
    elif isinstance(value.value, bool) or not isinstance(value.value, int | float):
        value.wrong("NUMBER_TYPE_COERCE", "Value is not float.")


def _check_name(field: Field, *, required: bool) -> None:
    name = field["name"].string(1, 32, required=required, pattern=NAME)
    if name is not None and name != name.lower():
        field["name"].wrong("APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    _check_localizations(field["name_localizations"], 32, NAME)


def _check_menu(command: Field, *, required: bool) -> None:
    """Check an entry of a context menu: its name may have spaces and capitals, and is all."""
    command["name"].string(1, 32, required=required)
    _check_localizations(command["name_localizations"], 32, None)
    for key in ("description", "description_localizations", "options"):
        if command[key].value_or_none():
            command[key].wrong(
                f"APPLICATION_COMMAND_{key.upper()}_NOT_ALLOWED", "Must not be set for this type"
            )


def _check_described(field: Field, *, required: bool) -> None:
    field["description"].string(1, 100, required=required)
    _check_localizations(field["description_localizations"], 100, None)


def _check_localizations(field: Field, high: int, pattern: re.Pattern[str] | None) -> None:
    if not field.given or not field.object():
        return
    for locale in field.value:
        if locale not in LOCALES:
            field[locale].wrong(
                "DICT_TYPE_KEY_INVALID", f"Key must be one of {', '.join(sorted(LOCALES))}"
            )
            continue
        text = field[locale].string(1, high, pattern=pattern)
        if text is not None and pattern is not None and text != text.lower():
            field[locale].wrong("APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _size(part: Any) -> int:
    """Count the characters: per text its longest localization, and the values of choices."""
    if not isinstance(part, dict):
        return 0
    total = 0
    for key in ("name", "description"):
        translated = part.get(f"{key}_localizations")
        texts: list[Any] = [part.get(key)]
        texts += translated.values() if isinstance(translated, dict) else ()
        total += max((len(text) for text in texts if isinstance(text, str)), default=0)
    if isinstance(part.get("value"), str):
        total += len(part["value"])
    for key in ("options", "choices"):
        below = part.get(key)
        total += sum(_size(entry) for entry in below) if isinstance(below, list) else 0
    return total
