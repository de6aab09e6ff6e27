"""The page, from outside in: its name, its certificate, and who answers."""

import ipaddress
import ssl
from collections.abc import Callable
from functools import cached_property
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from bot.doctor import process
from bot.doctor.checks import Diagnosis, fault, ok, skipped, warning
from bot.doctor.network import CONNECT_S, Address, UnreachedError, reach, resolve
from bot.page.packets import CloseCode
from bot.settings import PageSettings, is_local

_DAY_S: Final = 86_400
_SOON_DAYS: Final = 14
_MOST_BYTES: Final = 65_536
_HOW: Final = "docs/page.md has an example for Caddy and one for nginx."
_GATEWAY_ERRORS: Final = frozenset({502, 503, 504})
_NO_PAGE: Final = "There is none (PUBLIC_URL is not set)."


class PageChecks:
    """Looks at the page as people reach it, as far as that goes from this machine.

    Args:
        config: Where it is.
        wall: Seconds since 1970.
        trust: The certificates that are trusted; None: the system's.
    """

    def __init__(
        self, config: PageSettings, wall: Callable[[], float], trust: ssl.SSLContext | None = None
    ) -> None:
        self._config = config
        self._wall = wall
        self._given = trust

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return self._given or ssl.create_default_context()  # takes 40 ms

    async def found(self) -> Diagnosis:
        """Check the name and the certificate."""
        if (public := self._config.public_url) is None:
            return skipped(_NO_PAGE)
        parts = urlsplit(public)
        host = parts.hostname or ""
        if parts.scheme == "http" and not is_local(public):
            return warning(
                "PUBLIC_URL is http://: captions travel in the clear, and browsers play no voice.",
                f"Get a certificate and set https://. {_HOW}",
            )
        tls = parts.scheme == "https"
        try:
            addresses = await resolve(host, "PUBLIC_URL")
            seen = await reach(
                Address(host, parts.port or (443 if tls else 80), tls, "PUBLIC_URL"), self._trust
            )
        except UnreachedError as error:
            return fault(error.line, error.cure)
        if seen.valid_until is not None:
            days = int((seen.valid_until - self._wall()) / _DAY_S)
            if days < _SOON_DAYS:
                return warning(
                    f"The certificate of {host} ends in {days} days.",
                    "Renew it: Caddy and certbot do so by themselves when they run.",
                )
            said = f"{host} is found; its certificate is valid for {days} days."
        else:
            said = f"{host} is found."
        if not is_local(public) and all(ipaddress.ip_address(one).is_private for one in addresses):
            return warning(
                f"{host} is an address of your own network: nobody outside can open the page.",
                "Point the name to a public address, if others are to use it.",
            )
        return ok(said)

    async def answered(self) -> Diagnosis:
        """Check that the bot answers at PUBLIC_URL, when it runs."""
        if (public := self._config.public_url) is None:
            return skipped(_NO_PAGE)
        own = await process.fetched(process.page(self._config).url)
        if own is None or not process.is_manifest(own):
            return skipped("No bot runs here that could answer. Start it, then run this again.")
        timeout = aiohttp.ClientTimeout(total=CONNECT_S)
        connector = aiohttp.TCPConnector(ssl=self._trust)
        try:
            async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
                return await self._answered(session, public, own)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return fault(
                f"PUBLIC_URL is not answered ({type(error).__name__}).",
                f"Look into the log of the web server there. {_HOW}",
            )

    async def _answered(self, session: aiohttp.ClientSession, public: str, own: bytes) -> Diagnosis:
        local = f"{self._config.host}:{self._config.port}"
        async with session.get(f"{public}{process.PAGE_PATH}", allow_redirects=False) as response:
            status, body = response.status, await response.content.read(_MOST_BYTES)
            target = response.headers.get("Location", "")
        if status in _GATEWAY_ERRORS:
            return fault(
                f"The web server at PUBLIC_URL does not reach the bot (HTTP {status}).",
                f"Let it pass requests on to {local}. {_HOW}",
            )
        if 300 <= status < 400:
            host = URL(target).host or urlsplit(public).hostname
            return fault(
                f"PUBLIC_URL leads to another address, on {host}.",
                "Set PUBLIC_URL to the address at which browsers end.",
            )
        if not process.is_manifest(body):
            return fault(
                f"Something else than the bot answers at PUBLIC_URL (HTTP {status}).",
                f"Let the web server there pass requests on to {local}. {_HOW}",
            )
        if body != own:
            return fault(
                "Another Parley answers at PUBLIC_URL, of another version.",
                f"Let the web server there pass requests on to {local}.",
            )
        return await self._live(session, URL(public))

    async def _live(self, session: aiohttp.ClientSession, public: URL) -> Diagnosis:
        """Check that a websocket reaches the bot: it closes one that has no session."""
        origin = str(public.origin())
        try:
            async with session.ws_connect(public / "live", origin=origin) as socket:
                await socket.receive()
                code = socket.close_code
        except aiohttp.WSServerHandshakeError as error:
            if error.status == 403:
                return fault(
                    "The bot that answers at PUBLIC_URL has another PUBLIC_URL.",
                    "Restart it after a change of PUBLIC_URL, and have each bot its own.",
                )
            return fault(
                f"The web server at PUBLIC_URL passes no websockets (HTTP {error.status}).",
                f"Let it pass the headers Upgrade and Connection. {_HOW}",
            )
        if code not in {CloseCode.NO_SESSION, CloseCode.GOING_AWAY}:
            return fault(
                "A websocket through PUBLIC_URL does not reach the bot.",
                f"Let the web server there pass websockets. {_HOW}",
            )
        return ok("This bot answers, and websockets pass.")
