"""The HTTP side: finds the route, checks token and rate limit, answers as Discord answers."""

import asyncio
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from bot.loopback.backend import Backend
from bot.loopback.rest import (
    channels,
    commands,
    guilds,
    interactions,
    login,
    messages,
    threads,
    webhooks,
)
from bot.loopback.rest.body import read_body
from bot.loopback.rest.call import Reply, RestCall
from bot.loopback.rest.limits import Limits
from bot.loopback.rest.table import Route, Table
from bot.loopback.rest.trouble import Ordered, Troubles
from bot.loopback.state.entities import Bot
from bot.loopback.state.refusal import Refusal, TooMany, not_found, unauthorized

_PREFIX = re.compile(r"/api(?:/v(?:9|10))?(/.*)")
# discord.py takes a 429 without it for a ban at the edge of the network.
_ALWAYS = {"Via": "1.1 loopback", "Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Refused429:
    """A request that was told to come later."""

    at: float
    method: str
    path: str
    retry_after_s: float
    scope: str


class RestServer:
    """Serves `/api/v10` and the files of messages.

    Attributes:
        troubles: Answers that were ordered, to see what a client makes of them.
        distance_s: Seconds that a request to the API is on its way, and its answer as long again.
    """

    def __init__(self, backend: Backend, limits: Limits, gateway_url: Callable[[], str]) -> None:
        self._backend = backend
        self._gateway_url = gateway_url
        self.limits = limits
        self.distance_s = 0.0
        self.rate_limited: list[Refused429] = []
        self.troubles = Troubles(backend.world)
        self._table = Table.joined(
            module.table
            for module in (
                login,
                commands,
                interactions,
                channels,
                messages,
                threads,
                webhooks,
                guilds,
            )
        )

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request to the API."""
        await asyncio.sleep(self.distance_s)
        answer = await self._handle(request)
        await asyncio.sleep(self.distance_s)
        return answer

    async def _handle(self, request: web.Request) -> web.Response:
        world = self._backend.world
        headers = dict(_ALWAYS)
        path = request.path
        try:
            match = _PREFIX.fullmatch(path)
            if match is None:
                raise not_found()
            path = match[1]
            route, params = self._table.find(request.method, path)
            await self.troubles.befall(request.method, path, params)
            path = _without_secrets(path, params)
            bot = self._caller(request, route)
            self._count(route, params, bot, headers)
            body, uploads = await read_body(request)
            call = RestCall(
                self._backend,
                self.limits,
                bot,
                params,
                request.query,
                body,
                uploads,
                self._gateway_url(),
            )
            return _answer(route.handler(call), headers)
        except TooMany as refusal:
            scope = headers.setdefault("X-RateLimit-Scope", "shared")
            headers["Retry-After"] = str(math.ceil(refusal.retry_after_s))
            self.rate_limited.append(
                Refused429(world.clock.now(), request.method, path, refusal.retry_after_s, scope)
            )
            return _refuse(refusal, headers)
        except Ordered as refusal:
            return _refuse(refusal, headers)
        except Refusal as refusal:
            world.complain(
                request.method, path, refusal.status, refusal.json_code, refusal.detail()
            )
            return _refuse(refusal, headers)

    async def attachment(self, request: web.Request) -> web.Response:
        """Serve a file of a message."""
        attachment_id = request.match_info["attachment_id"]
        attachment = self._backend.world.attachments.get(int(attachment_id))
        if attachment is None or attachment.filename != request.match_info["filename"]:
            raise web.HTTPNotFound
        return web.Response(
            body=attachment.content, headers={"Content-Type": attachment.content_type}
        )

    def _caller(self, request: web.Request, route: Route) -> Bot | None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if not token and route.public:
            return None
        bot = self._backend.world.bot_by_token(token) if kind == "Bot" else None
        if bot is None:
            raise unauthorized()
        return bot

    def _count(
        self, route: Route, params: dict[str, str], bot: Bot | None, headers: dict[str, str]
    ) -> None:
        counted = bot.token if bot is not None and route.counted else None
        now = self._backend.world.clock.now()
        verdict = self.limits.route(route.bucket, route.major(params), counted, now)
        headers.update(verdict.headers)
        if verdict.retry_after_s is not None:
            raise TooMany(verdict.retry_after_s, everywhere=verdict.everywhere)


def _answer(reply: Reply, headers: dict[str, str]) -> web.Response:
    if reply is None:
        del headers["Content-Type"]
        return web.Response(status=204, headers=headers)
    return web.Response(body=json.dumps(reply).encode(), headers=headers)


def _refuse(refusal: Refusal, headers: dict[str, str]) -> web.Response:
    body = json.dumps(refusal.body()).encode()
    return web.Response(status=refusal.status, body=body, headers=headers)


def _without_secrets(path: str, params: dict[str, str]) -> str:
    token = params.get("token")
    return path if token is None else path.replace(token, "…")
