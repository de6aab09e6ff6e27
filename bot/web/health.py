"""Health and metrics over HTTP, for whoever watches the bot, or restarts one that went deaf."""

import http.client
import ipaddress
import json
import sys
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from bot.errors import SettingsError

Health = tuple[bool, Mapping[str, object]]

_TIMEOUT_S = 5.0
_SHUTDOWN_S = 1.0
_FRESH = {"Cache-Control": "no-store"}


class HealthServer:
    """Answers how the bot is.

    - `/healthz`: 200 as long as the event loop answers at all.
    - `/readyz`, and `/health` the same: 200 when the bot does its work, else 503, with the details
      and the reasons as JSON.
    - `/metrics`: figures for Prometheus.

    Args:
        host: Address to listen on.
        port: 0 takes a free one; see `port`.
        health: Returns whether the bot does its work, and figures that say how. Nothing personal.
        metrics: Returns the figures in a format that the value of an Accept header allows, and the
            format's content type.
    """

    def __init__(
        self,
        host: str,
        port: int,
        health: Callable[[], Awaitable[Health]],
        metrics: Callable[[str], tuple[bytes, str]],
    ) -> None:
        self._host = host
        self._port = port
        self._health = health
        self._metrics = metrics
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port listened on, once started."""
        if self._runner is not None and self._runner.addresses:
            return int(self._runner.addresses[0][1])
        return self._port

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            SettingsError: The address can't be listened on; names it.
        """
        app = web.Application()
        app.router.add_get("/healthz", self._alive)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/health", self._ready)
        app.router.add_get("/metrics", self._figures)
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_S
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self.close()
            raise SettingsError(
                f"HEALTH_PORT {self._port} on {self._host} can't be listened on "
                f"({error.strerror}): choose another, or 0 for none."
            ) from error

    async def close(self) -> None:
        """Stop listening, without waiting long for answers under way. Idempotent."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _alive(self, _request: web.Request) -> web.Response:
        return web.json_response({"alive": True}, headers=_FRESH)

    async def _ready(self, _request: web.Request) -> web.Response:
        healthy, details = await self._health()
        return web.json_response(
            {"healthy": healthy, **details}, status=200 if healthy else 503, headers=_FRESH
        )

    async def _figures(self, request: web.Request) -> web.Response:
        await self._health()  # whether it is ready is among them
        body, content_type = self._metrics(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={**_FRESH, "Content-Type": content_type})


def check(host: str, port: int) -> int:
    """Ask a running bot for its health and write the answer out; 0 healthy, 1 not, as exit codes.

    A bot told to offer none (port 0) counts as healthy.
    """
    if port == 0:
        sys.stdout.write("HEALTH_PORT is 0: health is not offered\n")
        return 0
    connection = http.client.HTTPConnection(reachable(host), port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        response = connection.getresponse()
        answer = response.read(65536).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        sys.stdout.write(json.dumps({"healthy": False, "reason": type(error).__name__}) + "\n")
        return 1
    finally:
        connection.close()
    sys.stdout.write(answer + "\n")
    return 0 if response.status == http.HTTPStatus.OK else 1


def reachable(host: str) -> str:
    """Return where a server on `host` is reached: every address means this machine's own."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"
