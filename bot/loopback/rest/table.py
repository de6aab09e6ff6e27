"""Which handler serves which method and path."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.loopback.rest.call import Handler
from bot.loopback.state.refusal import Refusal, not_found

_MAJOR = ("webhook_id", "channel_id", "guild_id", "application_id", "interaction_id")


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path.

    Attributes:
        bucket: Name of its rate limit.
        public: Needs no bot token: what is in the path opens it.
        counted: Counts toward the bot's global limit; interactions do not.
    """

    method: str
    path: str
    handler: Handler
    bucket: str
    public: bool
    counted: bool
    pattern: re.Pattern[str]

    def major(self, params: dict[str, str]) -> str:
        """Return what the bucket belongs to: a webhook, else a channel, else a guild."""
        for name in _MAJOR:
            if name in params:
                return f"{params[name]}:{params.get('token', '')}"
        return ""


class Table:
    """Routes by method and path; one per resource, joined for the server."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def route(
        self,
        method: str,
        path: str,
        *,
        bucket: str | None = None,
        public: bool = False,
        counted: bool = True,
    ) -> Callable[[Handler], Handler]:
        """Serve a path with the function below; `{name}` stands for one part of it."""
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))

        def add(handler: Handler) -> Handler:
            name = bucket or f"{method} {path}"
            self.routes.append(Route(method, path, handler, name, public, counted, pattern))
            return handler

        return add

    @classmethod
    def joined(cls, tables: Iterable["Table"]) -> "Table":
        """Join several tables into one."""
        whole = cls()
        for table in tables:
            whole.routes += table.routes
        return whole

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the route of a request with the variable parts of its path.

        Raises:
            Refusal: 404 for an unknown path, 405 for a method that it does not take.
        """
        known = False
        for route in self.routes:
            match = route.pattern.fullmatch(path)
            if match is None:
                continue
            known = True
            if route.method == method:
                return route, match.groupdict()
        if known:
            raise Refusal(405, 0, "405: Method Not Allowed")
        raise not_found()
