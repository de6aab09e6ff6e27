"""Who the bot is, and where its gateway stands."""

from bot.loopback.rest.call import Reply, RestCall
from bot.loopback.rest.message_form import check_username
from bot.loopback.rest.table import Table
from bot.loopback.state.entities import Bot, Json
from bot.loopback.state.intents import Intents
from bot.loopback.state.payloads import channel_json, user_json
from bot.loopback.state.refusal import Refusal, unknown

table = Table()

# The application flag that stands for each privileged intent (of an app in fewer than 100 guilds).
_FLAGS = {
    Intents.GUILD_PRESENCES: 1 << 13,
    Intents.GUILD_MEMBERS: 1 << 15,
    Intents.MESSAGE_CONTENT: 1 << 19,
}


def application_flags(bot: Bot) -> int:
    """Return the flags that tell which privileged intents an application may use."""
    return sum(flag for intent, flag in _FLAGS.items() if bot.privileged & intent)


def _me(bot: Bot) -> Json:
    return user_json(bot.user) | {
        "email": None,
        "verified": True,
        "mfa_enabled": False,
        "locale": "en-US",
    }


@table.route("GET", "/users/@me")
def get_me(call: RestCall) -> Reply:
    """Return the bot's own account."""
    return _me(call.bot)


@table.route("PATCH", "/users/@me")
def change_me(call: RestCall) -> Reply:
    """Rename the bot's account."""
    form = call.form
    check_username(form["username"])
    form.refuse_if_wrong()
    call.bot.user.name = call.json.get("username") or call.bot.user.name
    return _me(call.bot)


@table.route("GET", "/users/{user_id}")
def get_user(call: RestCall) -> Reply:
    """Return anyone's account."""
    user = call.world.users.get(call.id("user_id"))
    if user is None:
        raise unknown("User")
    return user_json(user)


@table.route("GET", "/users/@me/guilds")
def get_my_guilds(call: RestCall) -> Reply:
    """Return the guilds that the bot is in."""
    return [
        {
            "id": str(guild.id),
            "name": guild.name,
            "icon": None,
            "owner": guild.owner.id == call.bot.id,
            "permissions": str(int(guild.permissions(call.bot.id))),
            "features": [],
        }
        for guild in call.world.guilds.values()
        if call.bot.id in guild.members
    ]


@table.route("POST", "/users/@me/channels")
def open_direct_channel(call: RestCall) -> Reply:
    """Return the channel where the bot and a person write to each other alone."""
    form = call.form
    recipient = form["recipient_id"].integer(0)
    form.refuse_if_wrong()
    user = call.world.users.get(recipient or 0)
    if user is None:
        raise unknown("User")
    if user.bot:
        raise Refusal(400, 50007, "Cannot send messages to this user")
    return channel_json(call.world.direct_channel(call.bot, user))


@table.route("GET", "/oauth2/applications/@me")
@table.route("GET", "/applications/@me")
def get_application(call: RestCall) -> Reply:
    """Return the bot's application."""
    bot = call.bot
    switches = bot.switches
    app: Json = {
        "id": str(bot.application_id),
        "name": bot.name,
        "description": "",
        "icon": None,
        "bot_public": switches.public,
        "bot_require_code_grant": switches.code_grant,
        "interactions_endpoint_url": switches.interactions_url,
        "owner": user_json(bot.owner or bot.user),
        "team": None,
        "verify_key": "0" * 64,
        "flags": application_flags(bot),
        "approximate_guild_count": sum(bot.id in g.members for g in call.world.guilds.values()),
        "redirect_uris": [],
        "bot": user_json(bot.user),
    }
    if switches.scopes:
        asked = {
            "scopes": list(switches.scopes),
            "permissions": str(int(switches.permissions)),
        }
        app["integration_types_config"] = {"0": {"oauth2_install_params": asked}}
    return app


@table.route("GET", "/gateway", public=True)
def get_gateway(call: RestCall) -> Reply:
    """Return the address of the gateway."""
    return {"url": call.gateway_url}


@table.route("GET", "/gateway/bot")
def get_gateway_for_bot(call: RestCall) -> Reply:
    """Return the gateway's address, and into how many shards to divide a bot."""
    told = call.world.session_starts.told(call.bot.id)
    limit = told["session_start_limit"]
    limit["remaining"] = min(limit["remaining"], call.bot.switches.sessions_left)
    if not limit["remaining"]:
        limit["reset_after"] = 3_600_000
    return {"url": call.gateway_url, **told}


@table.route("GET", "/soundboard-default-sounds")
def get_default_sounds(_: RestCall) -> Reply:
    """Return the sounds that every guild has: none here."""
    return []


@table.route("GET", "/applications/{application_id}/emojis")
def get_application_emojis(call: RestCall) -> Reply:
    """Return the application's own emojis: none here."""
    call.application()
    return {"items": []}
