"""What Discord's answers say about its limits and the time, seen where discord.py hides it.

discord.py waits out a 429 by itself and says nothing, and it holds back the answer of a request
that used up its bucket until the bucket is full again. Its `http_trace` sees each answer as it
comes. A trace runs in the task that made the request, so that whoever listens in that task hears
of the own requests alone.

It also posts a message anew when the server failed (502, 504), though it may stand already; so the
trace ends such a request, and the board looks before it tries again.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import aiohttp

# Messages of webhooks and of the bot itself; looking for a webhook has limits of its own.
_MESSAGES = re.compile(
    r"/(webhooks/\d+/[^/]+(/messages/\d+)?|(?P<own>channels/\d+/messages(/\d+)?))$"
)


Answered = Callable[
    [aiohttp.ClientSession, SimpleNamespace, aiohttp.TraceRequestEndParams], Awaitable[None]
]


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """One answer of Discord.

    Attributes:
        limited: It was a 429.
        wait_s: How long it wants no further request, 0 if it may come.
        own: It was about a message of the bot's own, not of a webhook.
    """

    limited: bool
    wait_s: float
    own: bool = False


class UnansweredError(OSError):
    """The server failed while it posted a message; nobody knows whether it stands."""


_listener: ContextVar[Callable[[HttpAnswer], None] | None] = ContextVar("_listener", default=None)


@contextmanager
def listening(listener: Callable[[HttpAnswer], None]) -> Iterator[None]:
    """Hear of the answers to this task's message requests."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(answer: HttpAnswer) -> None:
    """Let whoever listens in this task hear of an answer."""
    listener = _listener.get()
    if listener is not None:
        listener(answer)


def http_trace(
    dated: Callable[[datetime], None] | None = None, answered: Answered | None = None
) -> aiohttp.TraceConfig:
    """Return the trace to construct the client with: `discord.Client(http_trace=http_trace())`.

    Args:
        dated: Called with the date of each answer.
        answered: Called with each answer.
    """
    trace = aiohttp.TraceConfig()

    async def date_heard(_: object, __: object, end: aiohttp.TraceRequestEndParams) -> None:
        if dated is not None and (date := date_of(end.response.headers)) is not None:
            dated(date)

    trace.on_request_end.append(date_heard)
    if answered is not None:
        trace.on_request_end.append(answered)
    trace.on_request_end.append(_heard)
    return trace


async def _heard(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    end: aiohttp.TraceRequestEndParams,
) -> None:
    message = _MESSAGES.search(end.url.path)
    if _listener.get() is None or message is None:
        return
    own = message["own"] is not None
    tell(read(end.response.status, end.response.headers, own=own))
    if end.method == "POST" and end.response.status >= 500:
        end.response.close()
        raise UnansweredError


def read(status: int, headers: Mapping[str, str], *, own: bool = False) -> HttpAnswer:
    """Read an answer's status and headers; figures that can't be read count as absent."""
    if status == 429:
        return HttpAnswer(limited=True, wait_s=_seconds(headers, "Retry-After"), own=own)
    used_up = headers.get("X-RateLimit-Remaining") == "0"
    wait_s = _seconds(headers, "X-RateLimit-Reset-After") if used_up else 0.0
    return HttpAnswer(limited=False, wait_s=wait_s, own=own)


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """Return when an answer was made; None where it does not say, or with no zone."""
    try:
        date = parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, OverflowError):
        return None
    return None if date.tzinfo is None else date


def _seconds(headers: Mapping[str, str], name: str) -> float:
    try:
        seconds = float(headers.get(name, "0"))
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds < float("inf") else 0.0
