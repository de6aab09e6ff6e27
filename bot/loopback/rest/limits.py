"""Rate limits: buckets that fill up and empty at once when their window ends.

Discord publishes no figures; those here are what clients report. A route's bucket is what its
headers speak of; a shared one (all webhooks of a channel together, their posts in its threads
too) shows only when it refuses. The bot's own messages have a bucket in each channel, and a thread
is a channel: new ones and edits each their own.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `limit` requests in `per_s` seconds, from the first one on."""

    limit: int
    per_s: float


@dataclass(slots=True)
class _LimitWindow:
    ends: float
    used: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the limits say to a request.

    Attributes:
        headers: Headers for the answer, whatever it is.
        retry_after_s: None if the request may pass.
        everywhere: Whether it was the global limit.
    """

    headers: dict[str, str]
    retry_after_s: float | None = None
    everywhere: bool = False


MESSAGES = Rule(5, 5.0)
WEBHOOK = Rule(5, 2.0)
WEBHOOKS_OF_A_CHANNEL = Rule(30, 60.0)
OLD_EDITS = Rule(3, 20.0)
EVERYTHING = Rule(50, 1.0)
OTHERWISE = Rule(10, 1.0)

# Buckets by the name that the routes give.
BUCKETS = {
    "message-send": MESSAGES,
    "message-edit": MESSAGES,
    "message-delete": Rule(5, 1.0),
    "bulk-delete": Rule(1, 1.0),
    "reaction": Rule(1, 0.25),
    "webhook": WEBHOOK,
    "channel-change": Rule(5, 20.0),
    "thread-start": Rule(5, 5.0),
    "commands": Rule(20, 20.0),
}


class Limits:
    """Counts requests; each knob may be changed while it runs.

    Attributes:
        enabled: False lets everything pass.
        buckets: Rule by name of bucket; a missing one falls back to `OTHERWISE`.
        shared: Webhook posts and edits in one channel together.
        old_edits: Edits in one channel of messages older than an hour (code 30046).
        everything: All requests of one bot together.
    """

    def __init__(self, epoch: Callable[[], float]) -> None:
        self._epoch = epoch
        self._windows: dict[tuple[str, str], _LimitWindow] = {}
        self.enabled = True
        self.buckets = dict(BUCKETS)
        self.shared = WEBHOOKS_OF_A_CHANNEL
        self.old_edits = OLD_EDITS
        self.everything = EVERYTHING

    def route(self, bucket: str, major: str, token: str | None, now: float) -> Verdict:
        """Count a request to a route.

        Args:
            bucket: The route's bucket.
            major: Channel, guild or webhook it is about: each has a bucket of its own.
            token: Token whose global limit counts; None for requests without one.
            now: Clock seconds.
        """
        if not self.enabled:
            return Verdict({})
        if token is not None:
            wait = self._take(("everything", token), self.everything, now)
            if wait is not None:
                headers = {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
                return Verdict(headers, wait, everywhere=True)
        rule = self.buckets.get(bucket, OTHERWISE)
        wait = self._take((bucket, major), rule, now)
        headers = self._headers(bucket, major, rule, now)
        if wait is not None:
            headers["X-RateLimit-Scope"] = "user"
        return Verdict(headers, wait)

    def shared_webhooks(self, channel_id: int, now: float) -> float | None:
        """Count a webhook post or edit in a channel; seconds to wait if there were too many."""
        if not self.enabled:
            return None
        return self._take(("webhooks of a channel", str(channel_id)), self.shared, now)

    def old_edit(self, channel_id: int, now: float) -> float | None:
        """Count an edit of an old message; seconds to wait if there were too many."""
        if not self.enabled:
            return None
        return self._take(("old edits", str(channel_id)), self.old_edits, now)

    def _take(self, key: tuple[str, str], rule: Rule, now: float) -> float | None:
        window = self._windows.get(key)
        if window is None or now >= window.ends:
            self._forget(now)
            window = self._windows[key] = _LimitWindow(now + rule.per_s, 0)
        if window.used >= rule.limit:
            return window.ends - now
        window.used += 1
        return None

    def _headers(self, bucket: str, major: str, rule: Rule, now: float) -> dict[str, str]:
        window = self._windows[bucket, major]
        left = max(0.0, window.ends - now)
        return {
            "X-RateLimit-Limit": str(rule.limit),
            "X-RateLimit-Remaining": str(max(0, rule.limit - window.used)),
            "X-RateLimit-Reset": f"{self._epoch() + left:.3f}",
            "X-RateLimit-Reset-After": f"{math.ceil(left * 1000) / 1000:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(bucket.encode()).hexdigest()[:32],
        }

    def _forget(self, now: float) -> None:
        # Ended windows are removed here: new ones open often enough.
        if len(self._windows) > 1000:
            self._windows = {k: w for k, w in self._windows.items() if w.ends > now}
