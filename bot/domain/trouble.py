"""Why a translation service can't be used, and what is kept of speech meanwhile."""

from dataclasses import dataclass
from typing import Final

KEPT_S: Final = 20.0  # speech: as a caption that comes later, it helps nobody


@dataclass(frozen=True, slots=True)
class ServiceTrouble:
    """Why a service can't be used.

    Attributes:
        code: Stable, for logs and `/health`.
        reason: A sentence for members.
        since: When it began, in seconds since 1970.
        final: It is refused for good: trying again does not help.
    """

    code: str
    reason: str
    since: float
    final: bool = False
