"""What a person's client does with a command before it sends it: find it, fill it in, check.

A client shows only commands that the person may use here, and sends none with an option missing
or out of bounds; so asking for either is an error of the caller, not of the bot.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.errors import LoopbackError
from bot.loopback.rest.command_form import OptionType
from bot.loopback.state.entities import (
    Attachment,
    Bot,
    Channel,
    GuildState,
    Json,
    Message,
    Role,
    User,
)
from bot.loopback.state.payloads import (
    attachment_json,
    member_json,
    message_json,
    role_json,
    user_json,
)
from bot.loopback.state.permissions import Permissions

SLASH, ON_MESSAGES = 1, 3
"""Types of commands: typed, and in the context menu of messages."""

_PLACES = ("in servers", "in direct messages")
_NESTED = frozenset({OptionType.SUB_COMMAND, OptionType.SUB_COMMAND_GROUP})


@dataclass(frozen=True, slots=True)
class Choice:
    """One suggestion of an option."""

    name: str
    value: str | int | float


@dataclass(slots=True)
class Request:
    """A command, ready to be sent: which bot's, and the interaction's data."""

    bot: Bot
    name: str
    data: Json
    focused_type: int | None = None


@dataclass(slots=True)
class _Filling:
    guild: GuildState
    user: User
    resolved: Json = field(default_factory=dict)


def request(
    bots: Iterable[Bot],
    channel: Channel,
    user: User,
    name: str,
    *,
    given: Mapping[str, Any],
    focused: str | None = None,
) -> Request:
    """Fill in a command for sending, or with `focused` for asking what an option may be.

    Args:
        bots: The bots on this Discord.
        channel: The channel it is typed in.
        user: The user who types.
        name: The command, its group and subcommand, by spaces.
        given: Values by option name; channels, people and roles as such or by name; files as
            they were uploaded.
        focused: The option that is being typed; then others may still be missing.

    Raises:
        LoopbackError: The person's own client would not send this.
    """
    first, *path = name.split()
    bot, command = _find(bots, channel, user, first, SLASH)
    options = command["options"]
    for step in path:
        found = next((o for o in options if o["type"] in _NESTED and o["name"] == step), None)
        if found is None:
            raise LoopbackError(f"The command /{first} has no part {step!r}.")
        options = found.get("options", [])
    if any(option["type"] in _NESTED for option in options):
        raise LoopbackError(f"/{name} is a group; name one of its commands.")
    filling = _Filling(channel.guild, user)
    filled = _fill(filling, name, options, given, focused)
    for depth in range(len(path), 0, -1):
        part = _part(command, path[:depth])
        filled = [{"type": part["type"], "name": part["name"], "options": filled}]
    data: Json = {
        "id": command["id"],
        "name": command["name"],
        "type": command["type"],
        "options": filled,
    }
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    if filling.resolved:
        data["resolved"] = filling.resolved
    kind = next((int(o["type"]) for o in options if o["name"] == focused), None)
    return Request(bot, f"{command['name']} {' '.join(path)}".strip(), data, kind)


def request_on(bots: Iterable[Bot], message: Message, user: User, name: str) -> Request:
    """Choose an entry of a message's context menu.

    Its text is sent along, whatever intents the bot has.

    Args:
        bots: Those on this Discord.
        message: The message whose menu it is.
        user: Who opens it.
        name: The entry.

    Raises:
        LoopbackError: The person's own client does not offer it.
    """
    bot, command = _find(bots, message.channel, user, name, ON_MESSAGES)
    data: Json = {
        "id": command["id"],
        "name": command["name"],
        "type": command["type"],
        "target_id": str(message.id),
        "resolved": {"messages": {str(message.id): message_json(message, bot.id)}},
    }
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    return Request(bot, command["name"], data)


def _part(command: Json, path: list[str]) -> Json:
    part = command
    for step in path:
        part = next(option for option in part["options"] if option["name"] == step)
    return part


def _find(
    bots: Iterable[Bot], channel: Channel, user: User, name: str, kind: int
) -> tuple[Bot, Json]:
    guild = channel.guild
    shown = f"/{name}" if kind == SLASH else f"“{name}”"
    have = guild.permissions(user.id, channel)
    if not have & Permissions.USE_APPLICATION_COMMANDS:
        raise LoopbackError(f"{user.name} may not use commands in #{channel.name}.")
    for bot in bots:
        if bot.id not in guild.members:
            continue
        local = bot.guild_commands.get(guild.id, {})
        for command in (*local.values(), *bot.commands.values()):
            if command["name"] != name or command["type"] != kind:
                continue
            where = 1 if guild.direct else 0
            if command["contexts"] is not None and where not in command["contexts"]:
                raise LoopbackError(f"{shown} is not offered {_PLACES[where]}.")
            needs = command["default_member_permissions"]
            if needs is not None and not _may_use(have, int(needs)):
                raise LoopbackError(f"{user.name} does not see {shown}: permissions are missing.")
            return bot, command
    raise LoopbackError(f"No command {shown} is registered.")


def _may_use(have: Permissions, needs: int) -> bool:
    if needs == 0:
        return bool(have & Permissions.ADMINISTRATOR)
    return have & needs == needs


def _fill(
    filling: _Filling,
    name: str,
    options: list[Json],
    given: Mapping[str, Any],
    focused: str | None,
) -> list[Json]:
    known = {option["name"]: option for option in options}
    for key in (*given, *([focused] if focused else [])):
        if key not in known:
            raise LoopbackError(f"/{name} has no option {key!r}.")
    if focused is not None and not known[focused].get("autocomplete"):
        raise LoopbackError(f"The option {focused!r} of /{name} has no autocomplete.")
    filled = []
    for key, option in known.items():
        if key == focused:
            typed = str(given.get(key, ""))
            filled.append({"name": key, "type": option["type"], "value": typed, "focused": True})
        elif key in given:
            value = _value(filling, option, given[key])
            filled.append({"name": key, "type": option["type"], "value": value})
        elif option.get("required") and focused is None:
            raise LoopbackError(f"The option {key!r} of /{name} is required.")
    return filled


def _value(filling: _Filling, option: Json, value: Any) -> Any:
    kind = OptionType(option["type"])
    if choices := option.get("choices"):
        for choice in choices:
            if value in (choice["value"], choice["name"]):
                return choice["value"]
        raise LoopbackError(f"{value!r} is no choice of the option {option['name']!r}.")
    match kind:
        case OptionType.STRING:
            return _text(option, value)
        case OptionType.INTEGER | OptionType.NUMBER:
            return _number(option, kind, value)
        case OptionType.BOOLEAN:
            if not isinstance(value, bool):
                raise LoopbackError(f"The option {option['name']!r} takes True or False.")
            return value
    return _resolved(filling, option, kind, value)


def _resolved(filling: _Filling, option: Json, kind: OptionType, value: Any) -> str:
    """Return the id of something whose data is sent beside it."""
    match kind:
        case OptionType.CHANNEL:
            return _channel(filling, option, value)
        case OptionType.USER | OptionType.ROLE | OptionType.MENTIONABLE:
            return _mentionable(filling, option, kind, value)
        case OptionType.ATTACHMENT if isinstance(value, Attachment):
            files = filling.resolved.setdefault("attachments", {})
            files[str(value.id)] = attachment_json(value)
            return str(value.id)
    raise LoopbackError(f"The option {option['name']!r} takes what no person here can give.")


def _text(option: Json, value: Any) -> str:
    low, high = option.get("min_length", 0), option.get("max_length", 6000)
    if not isinstance(value, str) or not low <= len(value) <= high:
        raise LoopbackError(f"The option {option['name']!r} takes {low} to {high} characters.")
    return value


def _number(option: Json, kind: OptionType, value: Any) -> int | float:
    fits = isinstance(value, int) or (kind is OptionType.NUMBER and isinstance(value, float))
    if not fits or isinstance(value, bool):
        raise LoopbackError(f"The option {option['name']!r} takes a number.")
    number: int | float = value
    if not option.get("min_value", number) <= number <= option.get("max_value", number):
        raise LoopbackError(f"{number} is out of bounds for the option {option['name']!r}.")
    return number


def _channel(filling: _Filling, option: Json, value: Any) -> str:
    guild, user = filling.guild, filling.user
    allowed = option.get("channel_types")
    for channel in (*guild.channels.values(), *guild.threads.values()):
        if value is not channel and value != channel.name:
            continue
        if allowed and channel.type not in allowed:
            continue
        have = guild.permissions(user.id, channel)
        if not have & Permissions.VIEW_CHANNEL:
            continue
        filling.resolved.setdefault("channels", {})[str(channel.id)] = {
            "id": str(channel.id),
            "name": channel.name,
            "type": int(channel.type),
            "permissions": str(int(have)),
            "parent_id": None if channel.parent is None else str(channel.parent.id),
        }
        return str(channel.id)
    raise LoopbackError(
        f"The option {option['name']!r} is not offered that channel: it is of another kind, or "
        f"{user.name} does not see it."
    )


def _mentionable(filling: _Filling, option: Json, kind: OptionType, value: Any) -> str:
    wanted = getattr(value, "id", None)
    member = filling.guild.members.get(wanted) if isinstance(wanted, int) else None
    if member is not None and kind is not OptionType.ROLE:
        key = str(member.user.id)
        filling.resolved.setdefault("users", {})[key] = user_json(member.user)
        have = filling.guild.permissions(member.user.id)
        filling.resolved.setdefault("members", {})[key] = member_json(member, with_user=False) | {
            "permissions": str(int(have))
        }
        return key
    if isinstance(value, Role) and kind is not OptionType.USER:
        filling.resolved.setdefault("roles", {})[str(value.id)] = role_json(value)
        return str(value.id)
    raise LoopbackError(f"The option {option['name']!r} takes a member or a role.")
