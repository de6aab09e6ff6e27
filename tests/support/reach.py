"""Keeps what is found out of a service."""

from dataclasses import dataclass, field


@dataclass
class RecordedReach:
    """Implements `bot.translation.ports.Reach`.

    Attributes:
        told: "answered", or the code of a failure; a final one with "!".
    """

    told: list[str] = field(default_factory=list)

    def failed(self, code: str, reason: str, *, final: bool, detail: str) -> None:
        assert reason.endswith(".")
        assert "\n" not in detail
        self.told.append(f"{code}!" if final else code)

    def answered(self) -> None:
        self.told.append("answered")
