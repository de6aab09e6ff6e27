"""What `/readyz` and `/health` say of a running bot."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from bot.domain.trouble import ServiceTrouble
from bot.words import render


def health_of(
    *,
    ready: bool,
    rooms: int,
    links: Sequence[Mapping[str, float]],
    figures: Mapping[str, object] = MappingProxyType({}),
    troubles: Mapping[str, ServiceTrouble] = MappingProxyType({}),
    now: float = 0.0,
    database: bool = True,
) -> tuple[bool, Mapping[str, object]]:
    """Return whether the bot does its work, and what is said of it.

    Args:
        ready: It is logged in.
        rooms: How many run.
        links: The figures of each voice link.
        figures: What else is said.
        troubles: Services that can't be used, by name. A new start of this process would mend none
            of them, and would end what still works: so it is healthy all the same, but degraded.
        now: Seconds since 1970.
        database: The database answers.
    """
    deaf = sum(bool(link["deaf"]) for link in links)
    heard = [link["heard_ago_s"] for link in links if "heard_ago_s" in link]
    reasons = [
        reason
        for reason, holds in (
            ("The bot is not connected to Discord.", not ready),
            ("The database does not answer.", not database),
            (f"Rooms that hear nobody, for want of a working connection: {deaf}.", bool(deaf)),
        )
        if holds
    ]
    healthy = not reasons
    return healthy, {
        "status": "unhealthy" if not healthy else "degraded" if troubles else "ok",
        "reasons": reasons,
        "troubles": {name: _described(trouble, now) for name, trouble in troubles.items()},
        "gateway": ready,
        "database": database,
        "rooms": rooms,
        "deaf": deaf,
        "heard_ago_s": round(min(heard), 1) if heard else None,
        "repairs": int(sum(link["rejoins"] for link in links)),
        **figures,
    }


def _described(trouble: ServiceTrouble, now: float) -> Mapping[str, object]:
    return {
        "code": trouble.code,
        "reason": render(trouble.reason, None),
        "since_s": max(0, round(now - trouble.since)),
        "tried_again": not trouble.final,
    }
