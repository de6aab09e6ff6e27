"""How many requests Discord was asked, and refused for their rate, by what they were about."""

from collections import Counter
from http import HTTPStatus
from types import SimpleNamespace
from typing import Final

import aiohttp

OTHER: Final = "other"
_ID, _TOKEN = "{id}", "{token}"
_SECRETIVE: Final = frozenset({"webhooks", "interactions"})  # a token stands behind their id

ROUTES: Final = (
    "/gateway/bot",
    "/oauth2/applications/@me",
    "/users/@me",
    "/users/@me/channels",
    "/applications/{id}/commands",
    "/channels/{id}",
    "/channels/{id}/messages",
    "/channels/{id}/messages/bulk-delete",
    "/channels/{id}/messages/{id}",
    "/channels/{id}/messages/{id}/threads",
    "/channels/{id}/threads",
    "/channels/{id}/thread-members/@me",
    "/channels/{id}/voice-status",
    "/channels/{id}/webhooks",
    "/guilds/{id}/audit-logs",
    "/guilds/{id}/members/{id}",
    "/guilds/{id}/voice-states/@me",
    "/guilds/{id}/webhooks",
    "/interactions/{id}/{token}/callback",
    "/webhooks/{id}",
    "/webhooks/{id}/{token}",
    "/webhooks/{id}/{token}/messages/@original",
    "/webhooks/{id}/{token}/messages/{id}",
    OTHER,
)
"""All that are told apart."""


def route_of(path: str) -> str:
    """Return which of `ROUTES` an address of Discord's REST interface is of."""
    named: list[str] = []
    for part in path.split("/"):
        if part.startswith("v") and part[1:].isdigit():
            named = []  # the version; the route is what follows
        elif named[-1:] == [_ID] and named[-2] in _SECRETIVE:
            named.append(_TOKEN)
        elif part.isdigit():
            named.append(_ID)
        elif part:
            named.append(part)
    route = "/" + "/".join(named)
    return route if route in ROUTES else OTHER


class Requests:
    """Counts by route; to be told of each answer.

    Attributes:
        made: Requests that were answered.
        limited: How many of them were refused with 429.
    """

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()
        self.limited: Counter[str] = Counter()

    async def answered(
        self,
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        end: aiohttp.TraceRequestEndParams,
    ) -> None:
        """Count an answer; of the form that aiohttp's traces call."""
        route = route_of(end.url.path)
        self.made[route] += 1
        if end.response.status == HTTPStatus.TOO_MANY_REQUESTS:
            self.limited[route] += 1
