"""An application's commands, global and of one guild."""

from typing import Any

from bot.loopback.rest.call import Reply, RestCall
from bot.loopback.rest.command_form import check_command, check_commands
from bot.loopback.rest.field import Field
from bot.loopback.rest.table import Table
from bot.loopback.state.entities import Bot, Json
from bot.loopback.state.refusal import unknown

table = Table()

_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


def _place(call: RestCall) -> tuple[Bot, dict[int, Json], int | None]:
    """Return the application, its commands at the path's place, and the guild if it is one."""
    bot = call.application()
    if "guild_id" not in call.params:
        return bot, bot.commands, None
    guild = call.guild()
    return bot, bot.guild_commands.setdefault(guild.id, {}), guild.id


def _stored(call: RestCall, form: Json, bot: Bot, guild_id: int | None, old: Json | None) -> Json:
    """Return a command as Discord keeps it."""
    permissions = form.get("default_member_permissions")
    command_id = old["id"] if old is not None else str(call.world.ids.new())
    stored: Json = {
        "id": command_id,
        "application_id": str(bot.application_id),
        "version": str(call.world.ids.new()),
        "type": form.get("type") or 1,
        "name": form["name"],
        "name_localizations": form.get("name_localizations"),
        "description": form.get("description") or "",
        "description_localizations": form.get("description_localizations"),
        "options": [_stored_option(option) for option in form.get("options") or []],
        "default_member_permissions": None if permissions is None else str(permissions),
        "nsfw": bool(form.get("nsfw")),
        "contexts": form.get("contexts"),
        "integration_types": form.get("integration_types") or [0],
    }
    if guild_id is not None:
        stored["guild_id"] = str(guild_id)
    elif form.get("contexts") is None and form.get("dm_permission") is False:
        stored["contexts"] = [0]
    return stored


def _stored_option(option: Json) -> Json:
    # 0 equals False and is kept: it bounds a number.
    said = {key: value for key, value in option.items() if value not in (None, [])}
    stored = {key: value for key, value in said.items() if value is not False}
    if "options" in stored:
        stored["options"] = [_stored_option(entry) for entry in stored["options"]]
    return stored


def _shown(command: Json, *, localizations: bool) -> Json:
    """Return a command as it is listed: the dictionaries of translations only on request."""
    if localizations:
        return command

    def without(part: Any) -> Any:
        if isinstance(part, list):
            return [without(entry) for entry in part]
        if isinstance(part, dict):
            hidden = ("name_localizations", "description_localizations")
            return {k: without(v) for k, v in part.items() if k not in hidden}
        return part

    shown: Json = without(command)
    return shown


@table.route("GET", _GLOBAL)
@table.route("GET", _GUILD)
def list_commands(call: RestCall) -> Reply:
    """Return all commands of the place."""
    _, commands, _ = _place(call)
    full = call.flag("with_localizations")
    return [_shown(command, localizations=full) for command in commands.values()]


@table.route("PUT", _GLOBAL, bucket="commands")
@table.route("PUT", _GUILD, bucket="commands")
def replace_commands(call: RestCall) -> Reply:
    """Replace all commands of the place; one that keeps its name keeps its id."""
    bot, commands, guild_id = _place(call)
    form = call.form
    if not isinstance(form.value, list):
        form.wrong("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    check_commands(form)
    named = {(c["type"], c["name"]): c for c in commands.values()}
    stored = [
        _stored(call, entry, bot, guild_id, named.get((entry.get("type") or 1, entry["name"])))
        for entry in form.value
    ]
    commands.clear()
    commands.update({int(command["id"]): command for command in stored})
    return list(stored)


@table.route("POST", _GLOBAL, bucket="commands")
@table.route("POST", _GUILD, bucket="commands")
def add_command(call: RestCall) -> Reply:
    """Add a command, or replace the one of its name."""
    bot, commands, guild_id = _place(call)
    form = call.form
    check_command(form)
    form.refuse_if_wrong()
    kind, name = call.json.get("type") or 1, call.json["name"]
    old = next((c for c in commands.values() if (c["type"], c["name"]) == (kind, name)), None)
    stored = _stored(call, call.json, bot, guild_id, old)
    commands[int(stored["id"])] = stored
    return stored


def _one(call: RestCall, commands: dict[int, Json]) -> Json:
    command = commands.get(call.id("command_id"))
    if command is None:
        raise unknown("application command")
    return command


@table.route("GET", _GLOBAL + "/{command_id}")
@table.route("GET", _GUILD + "/{command_id}")
def get_command(call: RestCall) -> Reply:
    """Return one command."""
    _, commands, _ = _place(call)
    return _one(call, commands)


@table.route("PATCH", _GLOBAL + "/{command_id}", bucket="commands")
@table.route("PATCH", _GUILD + "/{command_id}", bucket="commands")
def change_command(call: RestCall) -> Reply:
    """Change parts of a command."""
    bot, commands, guild_id = _place(call)
    old = _one(call, commands)
    check_command(call.form, partial=True)
    whole = Field(old | call.json)
    check_command(whole)
    whole.refuse_if_wrong()
    stored = _stored(call, whole.value, bot, guild_id, old)
    commands[int(stored["id"])] = stored
    return stored


@table.route("DELETE", _GLOBAL + "/{command_id}", bucket="commands")
@table.route("DELETE", _GUILD + "/{command_id}", bucket="commands")
def remove_command(call: RestCall) -> Reply:
    """Take a command away."""
    _, commands, _ = _place(call)
    del commands[int(_one(call, commands)["id"])]
    return None
