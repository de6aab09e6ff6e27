"""Logging: to standard error, as text or JSON lines, with a last look for secrets.

An event is a constant sentence and fields: `log.info("the room is back", guild=1)`. Beside its own
it has those that are bound where it is logged: a task's are given to its `TaskOwner`, a command's
are bound when it begins. What libraries log goes the same way.

What people say, their names and raw messages are never logged by Parley. Libraries do so at debug
level (discord.py its payloads, dashscope its transcripts, aiosqlite its parameters), so those stay
above it whatever level is set.
"""

import logging
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextvars import Context, copy_context
from datetime import UTC, datetime
from typing import Final, TextIO

import structlog
from structlog.contextvars import (
    bind_contextvars,
    clear_contextvars,
    get_contextvars,
)
from structlog.stdlib import BoundLogger, ExtraAdder, ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

__all__ = [
    "BoundLogger",
    "LineCounts",
    "bind",
    "configure",
    "context",
    "fields",
    "get_logger",
    "handler",
    "silence_sdk",
]

_FLOORS = {
    "discord": logging.INFO,
    "discord.gateway": logging.WARNING,  # a line per connection and resume
    "dashscope": logging.WARNING,
    "websocket": logging.CRITICAL,  # reports each close as an error; the conversation says more
    "aiosqlite": logging.WARNING,
    "alembic": logging.WARNING,  # bot.store says what was done
    "sqlalchemy": logging.WARNING,
    "aiohttp": logging.WARNING,
    "faster_whisper": logging.WARNING,
}

_HIDDEN = "[hidden]"
_SECRETS = re.compile(
    r"""[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}   # a bot's token
    | \bsk-[\w-]{16,}                          # a DashScope key
    | (?<=/webhooks/)\d+/[\w-]{40,}            # a webhook's address
    | (?<=Bearer\ )\S+
    | (?<=Bot\ )\S{40,}
    | (?<=://)[^/\s:@]+:[^/\s@]+(?=@)          # user and password of an address
    """,
    re.VERBOSE,
)
_FIRST: Final = ("time", "level", "logger", "message")
_LINES: Final = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")  # what may begin a new line

bind = bind_contextvars


def fields() -> dict[str, object]:
    """Return the fields that are bound here."""
    return get_contextvars()


def context(**bound: object) -> Context:
    """Return the present context with these fields bound in it, and no others."""
    found = copy_context()
    found.run(clear_contextvars)
    found.run(bind_contextvars, **bound)
    return found


def get_logger(name: str) -> BoundLogger:
    """Return a logger whose events have fields; named as those of the standard library."""
    # Not by structlog's own configuration, which is one for the whole process: what is made here
    # ends in the standard library's loggers, and how those write is decided by `configure`.
    processors: Sequence[Processor] = (
        structlog.stdlib.filter_by_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.render_to_log_kwargs,
    )
    return BoundLogger(logging.getLogger(name), processors, {})


class _Redaction:
    """A processor that hides secrets in every value, before it is quoted."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # A short one would black out words; real ones are longer.
        self._known = sorted({s for s in secrets if len(s) >= 8}, key=len, reverse=True)

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {name: self._safe(value) for name, value in event.items()}

    def _safe(self, value: object) -> object:
        if isinstance(value, int | float | None):
            return value
        text = str(value)
        for secret in self._known:
            text = text.replace(secret, _HIDDEN)
        return _SECRETS.sub(_HIDDEN, text)


def _bound(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add what is bound, behind what is the event's own."""
    for name, value in sorted(get_contextvars().items()):
        event.setdefault(name, value)
    return event


def _standard(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Put first what every line has."""
    record: logging.LogRecord = event.pop("_record")
    event.pop("_from_structlog", None)
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    first = {
        "time": at,
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": event.pop("event"),
    }
    return {**first, **event, **first}


def _line(_: WrappedLogger, __: str, event: EventDict) -> str:
    """Return one line for people; a traceback follows it, indented."""
    at, level, logger, message = (event.pop(name) for name in _FIRST)
    traceback = event.pop("exception", None)
    text = f"{at} {level.upper():<8} {logger}: {_LINES.sub(' ', str(message))}"
    if event:
        text += " " + _FIELDS(None, "", {name: _one_line(value) for name, value in event.items()})
    if traceback is not None:
        text += "\n    " + "\n    ".join(str(traceback).splitlines())
    return text


def _one_line(value: object) -> object:
    return _LINES.sub(" ", value) if isinstance(value, str) else value


_FIELDS: Final = structlog.processors.LogfmtRenderer(bool_as_flag=False)


class _Handler(logging.StreamHandler[TextIO]):
    """Marks the handler as ours, so that configuring again replaces it."""


def handler(
    format: str,  # noqa: A002 - the setting's name
    *,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> logging.Handler:
    """Return a handler that writes "text" or "json" to standard error or a stream.

    Args:
        format: The format.
        secrets: What is hidden wherever it stands.
        stream: Where to; None: to standard error.
    """
    made = _Handler(sys.stderr if stream is None else stream)
    render: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if format == "json" else _line
    )
    made.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[ExtraAdder(), _bound],
            processors=[
                structlog.processors.format_exc_info,
                _standard,
                _Redaction(secrets),
                render,
            ],
        )
    )
    return made


LEVELS: Final = ("debug", "info", "warning", "error", "critical")


class LineCounts(logging.Handler):
    """Counts what is logged, by anybody, from `begin` to `end`.

    Attributes:
        counts: Lines by level, one of `LEVELS`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count a line."""
        self.counts[LEVELS[min(record.levelno // 10, len(LEVELS)) - 1]] += 1

    def begin(self) -> None:
        """Begin to count."""
        logging.getLogger().addHandler(self)

    def end(self) -> None:
        """Count no more."""
        logging.getLogger().removeHandler(self)


def configure(
    level: str,
    format: str,  # noqa: A002 - the setting's name
    *,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Log from `level` up as "text" or "json", with `secrets` hidden.

    To standard error, or to another stream. May be called again; handlers of others are left alone.
    """
    made = handler(format, secrets=secrets, stream=stream)
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Handler)]:
        root.removeHandler(old)
    root.addHandler(made)
    wanted = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(wanted)
    for name, floor in _FLOORS.items():
        logging.getLogger(name).setLevel(max(floor, wanted))


def silence_sdk() -> None:
    """Keep the SDK's loggers above debug, where they print transcripts, and off stderr.

    What they report as errors reaches our own log, judged.
    """
    for name in ("dashscope", "websocket"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
        logger.propagate = False
        logger.handlers = [logging.NullHandler()]
