"""The short form that stands in the log when the bot starts: what it runs with. Asks nobody."""

from urllib.parse import urlsplit

from bot import __version__
from bot.doctor import machine
from bot.settings import Settings
from bot.store.look import file_of


def versions() -> str:
    """Return the versions that a report of trouble needs, Parley's first."""
    known = {"Parley": __version__, **machine.versions()}
    return ", ".join(f"{name} {number}" for name, number in known.items())


def parts(config: Settings) -> str:
    """Return what it works with: database, service, page."""
    file = file_of(config.database_url)
    kind = "SQLite" if config.database_url.startswith("sqlite") else "PostgreSQL"
    page = config.page
    return "; ".join(
        (
            f"database {kind}{f' {file}' if file is not None else ''}",
            f"service {urlsplit(config.translation.url).hostname}",
            "no page"
            if page.public_url is None
            else f"page {page.public_url} on {page.host}:{page.port}",
        )
    )
