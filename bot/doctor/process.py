"""A bot that runs already, and the ports that it takes. That one runs is no fault."""

import asyncio
import errno
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import aiohttp

from bot.doctor.checks import Diagnosis, fault, ok, skipped, warning
from bot.settings import HealthSettings, PageSettings
from bot.web.health import reachable

_ANSWER_S: Final = 3.0
_MOST_BYTES: Final = 65_536
PAGE_PATH: Final = "/manifest.webmanifest"


class Taker(Enum):
    """Who listens on a port."""

    NOBODY = auto()
    PARLEY = auto()
    ANOTHER = auto()
    FORBIDDEN = auto()  # nobody may: the port is privileged, or the address another machine's


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the bot listens.

    Attributes:
        host: Address to listen on.
        port: Port to listen on.
        path: What is asked there.
        is_ours: Returns whether an answer is a bot's.
    """

    host: str
    port: int
    path: str
    is_ours: Callable[[bytes], bool]

    @property
    def url(self) -> str:
        """Where it is asked from this machine."""
        host = reachable(self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}{self.path}"


def health(config: HealthSettings) -> Listening:
    """Return where health is asked for."""
    return Listening(config.host, config.port, "/health", _is_health)


def page(config: PageSettings) -> Listening:
    """Return where the page is served."""
    return Listening(config.host, config.port, PAGE_PATH, is_manifest)


async def taker(listening: Listening) -> Taker:
    """Return who listens there."""
    try:
        await _tried(listening)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            return Taker.FORBIDDEN
    else:
        return Taker.NOBODY
    body = await fetched(listening.url)
    return Taker.PARLEY if body is not None and listening.is_ours(body) else Taker.ANOTHER


async def _tried(listening: Listening) -> None:
    """Listen for a moment; OSError: it is not possible."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(listening.host, listening.port, type=socket.SOCK_STREAM)
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind(address)
        tried.listen()


async def fetched(url: str) -> bytes | None:
    """Return the body of what a server on this machine answers; None: nothing."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_S)) as session,
            session.get(url) as response,
        ):
            return await response.content.read(_MOST_BYTES)
    except (aiohttp.ClientError, OSError):
        return None


def _is_health(body: bytes) -> bool:
    return "healthy" in _object(body)


def is_manifest(body: bytes) -> bool:
    """Return whether this is what the page says of itself."""
    return str(_object(body).get("name", "")).startswith("Parley")


def _object(body: bytes) -> dict[str, object]:
    try:
        read = json.loads(body)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


async def running(config: HealthSettings, *, held: bool, shared: bool) -> Diagnosis:
    """Check whether a bot runs, and whether it is the one that these settings are of.

    Args:
        config: Where it says how it is.
        held: Whether a process uses the database.
        shared: Whether it serves more than one.
    """
    if not config.port:
        return ok("One runs on this database." if held else "None runs.")
    answers = await taker(health(config)) is Taker.PARLEY
    if held and answers:
        return ok("One runs on this database, and answers on HEALTH_PORT.")
    if held and shared:
        return ok("One runs on this database, elsewhere; another one shares its work.")
    if held:
        return warning(
            "A process uses this database, and does not answer on HEALTH_PORT.",
            "If it runs elsewhere (a container, another machine), run this there; else end it: a "
            "second bot on this database is refused.",
        )
    if answers:
        return fault(
            f"The bot that answers on HEALTH_PORT {config.port} uses another database.",
            "If it has the same token, end one of the two; else choose another HEALTH_PORT.",
        )
    return ok("None runs.")


async def health_port(config: HealthSettings) -> Diagnosis:
    """Check the port of the health check."""
    if not config.port:
        return ok("Off (HEALTH_PORT=0).")
    who = await taker(health(config))
    return _judged(who, "HEALTH", config.host, config.port, "another, or 0 for none")


async def web_port(config: PageSettings, health_config: HealthSettings) -> Diagnosis:
    """Check the port of the page."""
    if config.public_url is None:
        return skipped("There is no page (PUBLIC_URL is not set).")
    if config.port == health_config.port:
        return fault(
            f"WEB_PORT and HEALTH_PORT are both {config.port}.", "Choose another for one of them."
        )
    return _judged(await taker(page(config)), "WEB", config.host, config.port, "another")


def _judged(who: Taker, name: str, host: str, port: int, choice: str) -> Diagnosis:
    match who:
        case Taker.NOBODY:
            return ok(f"{port} is free.")
        case Taker.PARLEY:
            return ok(f"{port} is taken by the bot that runs.")
        case Taker.ANOTHER:
            return fault(
                f"{name}_PORT {port} is taken by another program.",
                f"Choose {choice}; ss -ltnp | grep {port} shows which program it is.",
            )
        case Taker.FORBIDDEN:
            return fault(
                f"{name}_PORT {port} on {host} can't be listened on.",
                f"Set {name}_HOST to an address of this machine, and {name}_PORT to 1024 or more.",
            )
