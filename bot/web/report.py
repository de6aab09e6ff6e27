"""What `/health` says of a running bot."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType


def health_of(
    *,
    ready: bool,
    rooms: int,
    links: Sequence[Mapping[str, float]],
    figures: Mapping[str, object] = MappingProxyType({}),
) -> tuple[bool, Mapping[str, object]]:
    """Whether the bot does its work, and what `/health` says of it.

    Args:
        ready: It is logged in.
        rooms: How many run.
        links: The figures of each voice link.
        figures: What else is said.
    """
    deaf = sum(bool(link["deaf"]) for link in links)
    heard = [link["heard_ago_s"] for link in links if "heard_ago_s" in link]
    return ready and not deaf, {
        "gateway": ready,
        "rooms": rooms,
        "deaf": deaf,
        "heard_ago_s": round(min(heard), 1) if heard else None,
        "repairs": int(sum(link["rejoins"] for link in links)),
        **figures,
    }
