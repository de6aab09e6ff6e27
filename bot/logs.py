"""Logging: to standard error, as text or JSON lines, with a last look for secrets.

What people say, their names and raw messages are never logged by Parley. Libraries do so at debug
level (discord.py its payloads, dashscope its transcripts, aiosqlite its parameters), so those stay
above it whatever level is set.
"""

import json
import logging
import re
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, TextIO

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
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Redacting(logging.Formatter):
    """Formats as text, and hides secrets in all of it, tracebacks included."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__("%(asctime)s %(levelname)-8s %(name)s: %(message)s")
        # A short one would black out words; real ones are longer.
        self._known = sorted({s for s in secrets if len(s) >= 8}, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))

    def _redact(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, _HIDDEN)
        return _SECRETS.sub(_HIDDEN, text)


class _JsonFormatter(_Redacting):
    """One JSON object a line: time, level, logger, message, error, and what `extra` holds."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        # Redacted before it is quoted, so that the line stays JSON.
        safe = {name: self._safe(value) for name, value in line.items()}
        return json.dumps(safe, ensure_ascii=False)

    def _safe(self, value: object) -> object:
        plain = isinstance(value, int | float | None)
        return value if plain else self._redact(str(value))


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


class _Handler(logging.StreamHandler[TextIO]):
    """Marks the handler as ours, so that configuring again replaces it."""


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
    handler = _Handler(sys.stderr if stream is None else stream)
    handler.setFormatter((_JsonFormatter if format == "json" else _Redacting)(secrets))
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
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
