"""The proxy on the way to the service: that of the environment, and never one to this machine."""

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

_VARIABLES: Final = {"ws": "http", "http": "http", "wss": "https", "https": "https"}


@dataclass(frozen=True, slots=True, repr=False)
class Proxy:
    """A proxy. Has no repr: it may hold a password.

    Attributes:
        url: The proxy's address, with its credentials.
        host: What may be told.
    """

    url: str
    host: str

    @property
    def speaks_http(self) -> bool:
        """Whether it is of the only kind that is spoken to."""
        return self.url.lower().startswith(("http://", "https://"))


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy by which an address is reached; None: directly.

    As http_proxy, https_proxy and no_proxy say. An address of this machine is never reached by a
    proxy: that of another machine would look for it there.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    value = getproxies_environment().get(_VARIABLES.get(parts.scheme, ""), "").strip()
    return _parsed(value if "://" in value or not value else f"http://{value}")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _parsed(url: str) -> Proxy | None:
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port is None or parts.port else None
    except ValueError:  # no address: as if there was none
        return None
    return Proxy(url, host) if host else None
