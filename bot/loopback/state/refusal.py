"""How Discord says no: an HTTP status, a JSON error code, and for payloads a tree of what is wrong.

https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
"""

import math
from typing import Any

from bot.errors import LoopbackError

_UNKNOWN = {
    "application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Role": 10011,
    "User": 10013,
    "Emoji": 10014,
    "Webhook": 10015,
    "interaction": 10062,
    "application command": 10063,
    "Voice State": 10065,
}


class Refusal(LoopbackError):  # noqa: N818 - an answer that Discord gives, no fault of ours
    """A request that Discord refuses.

    Args:
        status: The HTTP status.
        code: Discord's JSON error code; 0 for plain HTTP errors.
        message: Discord's message.
        errors: What is wrong with which field, nested as the payload is.
    """

    def __init__(
        self, status: int, code: int, message: str, errors: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.json_code = code
        self.errors = errors

    def body(self) -> dict[str, Any]:
        """Return the answer's JSON."""
        body: dict[str, Any] = {"message": self.message, "code": self.json_code}
        if self.errors:
            body["errors"] = self.errors
        return body

    def detail(self) -> str:
        """Return the sentence with the paths and codes of what is wrong, without any value."""
        if not self.errors:
            return self.message
        return f"{self.message}: " + "; ".join(_flatten(self.errors, ()))


class TooMany(Refusal):
    """A rate limit was reached.

    Args:
        retry_after_s: When to come again.
        everywhere: Whether the bot's global limit was reached.
        code: Discord's JSON code where it gives one.
    """

    def __init__(self, retry_after_s: float, *, everywhere: bool = False, code: int = 0) -> None:
        super().__init__(429, code, "You are being rate limited.")
        self.retry_after_s = retry_after_s
        self.everywhere = everywhere

    def body(self) -> dict[str, Any]:
        """Return the answer's JSON."""
        body: dict[str, Any] = {
            "message": self.message,
            "retry_after": math.ceil(self.retry_after_s * 1000) / 1000,
            "global": self.everywhere,
        }
        return body | ({"code": self.json_code} if self.json_code else {})


def _flatten(errors: dict[str, Any], path: tuple[str, ...]) -> list[str]:
    found = [f"{'.'.join(path)} {e['code']} {e['message']}" for e in errors.get("_errors", ())]
    for key, below in errors.items():
        if key != "_errors":
            found += _flatten(below, (*path, key))
    return found


def unknown(what: str) -> Refusal:
    """Return the refusal of an unknown "Channel", "Message", "Webhook", "interaction", ..."""
    return Refusal(404, _UNKNOWN[what], f"Unknown {what}")


def not_found() -> Refusal:
    """Return the refusal of an unknown route."""
    return Refusal(404, 0, "404: Not Found")


def unauthorized() -> Refusal:
    """Return the refusal of a token that opens nothing."""
    return Refusal(401, 0, "401: Unauthorized")


def missing_access() -> Refusal:
    """Return the refusal of a channel that can't be seen."""
    return Refusal(403, 50001, "Missing Access")


def missing_permissions() -> Refusal:
    """Return the refusal of what may not be done in a channel that can be seen."""
    return Refusal(403, 50013, "Missing Permissions")


def thread_archived() -> Refusal:
    """Return the refusal of an archived thread that this does not bring back."""
    return Refusal(400, 50083, "Thread is archived")


def thread_locked() -> Refusal:
    """Return the refusal of a locked thread, where only who manages threads writes."""
    return Refusal(400, 160005, "Thread is locked")


def invalid_webhook_token() -> Refusal:
    """Return the refusal of a wrong or expired token of a webhook or interaction."""
    return Refusal(401, 50027, "Invalid Webhook Token")
