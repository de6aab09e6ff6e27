"""What was logged, as it stands in a log of text."""

import logging
from collections.abc import Iterable

from bot import logs


def logged(records: Iterable[logging.LogRecord]) -> list[str]:
    """Return each event with its fields, without the time, the level and the logger."""
    formatter = logs.handler("text").formatter
    assert formatter is not None
    return [formatter.format(record).partition(": ")[2] for record in records]
