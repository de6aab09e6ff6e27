"""Whether an address is found and answers, and why it does not, in words."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from bot.translation.protocol.unreached import of_connect

CONNECT_S: Final = 7.0


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address.

    Attributes:
        host: Its name.
        port: Its port.
        tls: Whether it is spoken to with TLS.
        setting: The variable that names it.
    """

    host: str
    port: int
    tls: bool
    setting: str


class UnreachedError(Exception):
    """An address was not reached.

    Args:
        line: Why, in one sentence.
        cure: What to do about it.
    """

    def __init__(self, line: str, cure: str) -> None:
        super().__init__(line)
        self.line = line
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Reached:
    """What was seen of an address.

    Attributes:
        addresses: What its name stands for.
        valid_until: When its certificate ends, in seconds since 1970; None without TLS.
    """

    addresses: Sequence[str]
    valid_until: float | None


async def resolve(host: str, setting: str) -> Sequence[str]:
    """Return the addresses of a host.

    Raises:
        UnreachedError: It has none.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_S):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # the last: a label of it is too long
        raise unreached(error, host, setting) from None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def reach(address: Address, trust: ssl.SSLContext | None = None) -> Reached:
    """Open a connection and close it.

    Args:
        address: Where to.
        trust: The certificates that are trusted; None: the system's.

    Raises:
        UnreachedError: It could not be opened.
    """
    found = await resolve(address.host, address.setting)
    context = (trust or ssl.create_default_context()) if address.tls else None
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
    except OSError as error:
        raise unreached(error, address.host, address.setting) from None
    certificate = writer.get_extra_info("peercert") or {}
    writer.close()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(1.0):
            await writer.wait_closed()
    ends = certificate.get("notAfter")
    return Reached(found, None if ends is None else float(ssl.cert_time_to_seconds(ends)))


def unreached(error: BaseException, host: str, setting: str) -> UnreachedError:
    """Return the reason for an error of the network, with its cure."""
    for cause in (error, getattr(error, "certificate_error", None), error.__cause__):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _untrusted(cause, host, setting)
    match of_connect(error).code:
        case "no_address":
            return UnreachedError(
                f"The address of {host} can't be found.",
                f"Check {setting}, and that this machine can look up names (DNS).",
            )
        case "connection_refused":
            return UnreachedError(
                f"{host} refuses the connection.",
                f"Start what is to answer there, or correct {setting}.",
            )
        case "no_answer":
            return UnreachedError(
                f"{host} does not answer.",
                f"Check {setting}, and that a firewall lets this machine out.",
            )
        case _:
            return UnreachedError(
                f"{host} can't be reached ({type(error).__name__}).",
                f"Check {setting} and the network of this machine.",
            )


_NOT_VALID_NOW: Final = 10  # of OpenSSL's X509_V_ERR: it has expired
_NOT_VALID_YET: Final = 9
_OTHER_NAMES: Final = (62, 64)  # host name, address


def _untrusted(error: ssl.SSLCertVerificationError, host: str, setting: str) -> UnreachedError:
    code = error.verify_code
    if code == _NOT_VALID_NOW:
        return UnreachedError(
            f"The certificate of {host} has expired.",
            "Renew it. If it is valid, set the clock of this machine.",
        )
    if code == _NOT_VALID_YET:
        return UnreachedError(
            f"The certificate of {host} is not valid yet.", "Set the clock of this machine."
        )
    if code in _OTHER_NAMES:
        return UnreachedError(
            f"The certificate of {host} is for another name.",
            f"Correct {setting}, or get a certificate for this name.",
        )
    return UnreachedError(
        f"The certificate of {host} is not trusted.",
        "Install the certificates of the system (package ca-certificates); if the server has one "
        "of its own, name it with SSL_CERT_FILE (for Discord: DISCORD_CA_FILE).",
    )
