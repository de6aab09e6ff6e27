"""How often an address may try what it is refused. Pure."""

import ipaddress
from collections import OrderedDict
from typing import Final

MOST: Final = 30  # refusals in a row
_BACK_S: Final = 2.0  # until one more is allowed
_ADDRESSES: Final = 4096


class Attempts:
    """Counts refusals by address, in bounded memory: who has not tried for longest is forgotten."""

    def __init__(self) -> None:
        # By address: how many there were, as if they were forgiven one by one, and when last.
        self._refused: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allowed(self, address: str, now: float) -> bool:
        """Return whether an address may try.

        Args:
            address: IPv4, or IPv6, of which the first half counts.
            now: Clock seconds.
        """
        return self._count(_network(address), now) <= MOST - 1

    def refused(self, address: str, now: float) -> None:
        """Count a refusal."""
        network = _network(address)
        count = self._count(network, now) + 1
        self._refused.pop(network, None)
        self._refused[network] = (count, now)
        if len(self._refused) > _ADDRESSES:
            self._refused.popitem(last=False)

    def __len__(self) -> int:
        return len(self._refused)

    def _count(self, network: str, now: float) -> float:
        count, at = self._refused.get(network, (0.0, now))
        return max(0.0, count - (now - at) / _BACK_S)


def _network(address: str) -> str:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if known.version == 6:
        if known.ipv4_mapped is not None:
            return str(known.ipv4_mapped)
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)


def client_address(peer: str | None, forwarded: str | None) -> str:
    """Return the address that a request comes from.

    Args:
        peer: The address that the connection comes from.
        forwarded: The header X-Forwarded-For, which counts where the peer is a proxy of ours: on
            this machine or in a private network.
    """
    try:
        near = ipaddress.ip_address(peer or "")
    except ValueError:
        return "unknown"
    if forwarded and (near.is_loopback or near.is_private):
        return forwarded.rpartition(",")[2].strip()
    return str(near)
