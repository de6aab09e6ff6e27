"""What went wrong with the database, for those who can mend it and for those who only use it.

The driver's own words are repeated only where they can't hold a value, as values are what people
said or who they are.
"""

import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.errors import StoreError
from bot.words import t

_ADVICE = {  # by the start of SQLSTATE
    "28": "Correct the user or the password in DATABASE_URL.",
    "3D": "Create that database, or correct its name in DATABASE_URL.",
    "42501": "Give its user the right to create tables.",
    "53": "Free space or connections on its server, then start again.",
    "57": "Its server is starting or ending: start again in a moment.",
}
_SQLITE_ADVICE = {  # by what SQLite says
    "not a database": "Name another file in DATABASE_URL, or move this one away.",
    "malformed": "Put a copy of it back that was made before.",
    "unable to open": "Name a file that this user may write in DATABASE_URL.",
    "readonly": "Let this user write the file and its folder.",
    "disk is full": "Free some space, then start again.",
    "locked": "Another process holds it: end that one, then start again.",
}
_UNREACHABLE = "Start its server, or correct the address in DATABASE_URL."
_PASSES = ("08", "40", "53", "55", "57")  # SQLSTATE: link, conflict, resources, locks, shutdown
_SQLITE_PASSES = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
)
_TELLS_NO_VALUE = ("08", "28", "3D", "42", "53", "55", "57", "58", "XX")


def at_start(error: BaseException) -> StoreError:
    """Return the error for who starts the bot: what is wrong and what to do."""
    code, words = _sqlstate(error), reason(error)
    if code:
        known = (text for key, text in _ADVICE.items() if code.startswith(key))
    else:
        known = (text for key, text in _SQLITE_ADVICE.items() if key in words)
    advice = next(known, _UNREACHABLE if not code and _is_link(error) else "")
    told = f"The database can't be used: {words}. {advice}".rstrip()
    return StoreError(told, retryable=passes(error))


def in_use(error: BaseException) -> StoreError:
    """Return the error for who used a command; the host finds the reason in the log."""
    if passes(error):
        return StoreError(
            t("The database can't be reached right now. Try again in a minute."), retryable=True
        )
    return StoreError(
        t("The database failed. Whoever runs this bot can find the reason in its log."),
        retryable=False,
    )


def passes(error: BaseException) -> bool:
    """Return whether it may work later: the database was locked, full, away or too busy."""
    if code := _sqlstate(error):
        return code.startswith(_PASSES)
    if isinstance(number := getattr(_driver(error), "sqlite_errorcode", None), int):
        return number & 0xFF in _SQLITE_PASSES
    return _is_link(error)


def reason(error: BaseException) -> str:
    """Return the driver's own words on one line without a value; else the kind of error."""
    cause = _driver(error)
    code = _sqlstate(error)
    if type(cause).__module__ == "sqlite3":
        telling = True  # SQLite names tables and columns, never what is in them
    else:
        telling = code.startswith(_TELLS_NO_VALUE) if code else _is_link(error)
    words = " ".join(str(cause).split()) if telling else ""
    return words.rstrip(".") or f"{type(cause).__name__} {code}".rstrip()


def _is_link(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        return error.connection_invalidated
    return isinstance(error, OSError | TimeoutError | PoolTimeoutError)


def _sqlstate(error: BaseException) -> str:
    for cause in _causes(error):
        if isinstance(code := getattr(cause, "sqlstate", None), str):
            return code
    return ""


def _driver(error: BaseException) -> BaseException:
    """Return the driver's error: SQLAlchemy's own repeat the statement and its values."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = (cause.orig if isinstance(cause, DBAPIError) else None) or cause.__cause__
