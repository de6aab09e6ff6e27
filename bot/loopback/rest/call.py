"""One request to the API, read and ready for its handler."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.loopback.backend import Backend
from bot.loopback.rest.field import Field
from bot.loopback.rest.limits import Limits
from bot.loopback.state.chat import Upload
from bot.loopback.state.entities import Bot, Channel, GuildState, Json, Message
from bot.loopback.state.permissions import NONE, Permissions
from bot.loopback.state.refusal import Refusal, missing_permissions, unauthorized, unknown
from bot.loopback.state.world import World

# JSON to answer 200 with; None answers 204.
Reply = Json | list[Any] | None


@dataclass(slots=True)
class RestCall:
    """A request: who asks, for what, with what.

    Attributes:
        caller: The bot whose token came with it, if one did.
        params: The variable parts of the path.
        body: The JSON body or `payload_json`; None when there is none.
        uploads: Files of a multipart body.
        gateway_url: What `/gateway` answers.
    """

    backend: Backend
    limits: Limits
    caller: Bot | None
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    uploads: list[Upload] = field(default_factory=list)
    gateway_url: str = ""

    @property
    def world(self) -> World:
        """The registry of all things."""
        return self.backend.world

    @property
    def bot(self) -> Bot:
        """Who asks.

        Raises:
            Refusal: 401 without a token.
        """
        if self.caller is None:
            raise unauthorized()
        return self.caller

    @property
    def form(self) -> Field:
        """The body, to be checked."""
        return Field({} if self.body is None else self.body)

    @property
    def json(self) -> Json:
        """The body as an object.

        Raises:
            Refusal: 50035 when it is something else.
        """
        form = self.form
        form.object()
        form.refuse_if_wrong()
        value: Json = form.value
        return value

    def flag(self, name: str) -> bool:
        """Return a yes or no of the query."""
        return self.query.get(name, "").lower() in {"1", "true"}

    def limit(self, default: int, high: int) -> int:
        """Return how many the query asks for.

        Raises:
            Refusal: 50035 when it is not between 1 and `high`.
        """
        query = Field(dict(self.query))
        limit = query["limit"].integer(1, high)
        query.refuse_if_wrong()
        return default if limit is None else limit

    def id(self, name: str) -> int:
        """Return an id in the path, or in the query.

        Raises:
            Refusal: 50035 when it is no id.
        """
        text = self.params[name] if name in self.params else self.query[name]
        if name in self.params and text == "@me":
            return self.bot.id
        if not text.isdecimal() or int(text) >= 1 << 64:
            place = Field({name: text})
            place[name].wrong("NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')
            place.refuse_if_wrong()
        return int(text)

    def guild(self, needs: Permissions = NONE) -> GuildState:
        """Return the path's guild.

        Raises:
            Refusal: 10004, 50001, 50013.
        """
        guild = self.world.guild_for(self.bot, self.id("guild_id"))
        if needs & ~guild.permissions(self.bot.id):
            raise missing_permissions()
        return guild

    def channel(self, needs: Permissions = NONE) -> Channel:
        """Return the path's channel, seen by the bot, with what it needs there.

        Raises:
            Refusal: 10003, 50001, 50013.
        """
        return self.world.channel_for(self.bot.id, self.id("channel_id"), needs)

    def message(self, channel: Channel) -> Message:
        """Return the path's message.

        Raises:
            Refusal: 10008.
        """
        message = channel.message(self.id("message_id"))
        if message is None:
            raise unknown("Message")
        return message

    def application(self) -> Bot:
        """Return the path's application, which must be the caller's own.

        Raises:
            Refusal: 10002, 20012.
        """
        wanted = self.id("application_id")
        if wanted == self.bot.application_id:
            return self.bot
        if wanted in self.world.bots:
            raise Refusal(403, 20012, "You are not authorized to perform this action")
        raise unknown("application")


Handler = Callable[[RestCall], Reply]
