"""What is kept. Nothing about anyone who did not agree to it, but that they said no.

Every table of `GUILD_TABLES` has a column `guild_id`, first in its primary key: what is asked for
is always a guild's, and what belongs to a guild can be removed with it (`guilds.py`). The others
are the host's, and stay, and what processes tell each other.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    func,
    text,
)

# Every constraint has a name, so that a later migration can speak of it.
_NAMES = {
    "pk": "pk_%(table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
metadata = MetaData(naming_convention=_NAMES)


class Words(TypeDecorator[str]):
    """Text that people made: what one of the databases can't hold is left out on both."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Drop NUL, which PostgreSQL refuses, and lone surrogates, which UTF-8 can't hold."""
        del dialect
        if value is None:
            return None
        return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _id(name: str) -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def _amount(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


def _amounts() -> list[Column[int]]:
    return [
        _amount("audio_in_samples"),  # 16 kHz
        _amount("audio_out_samples"),  # 24 kHz
        _amount("tokens_in"),
        _amount("tokens_out"),
        _amount("tokens_voice"),  # part of tokens_out
        _amount("connects"),
    ]


def _since() -> Column[Any]:
    return Column(
        "at", DateTime(timezone=True), nullable=False, server_default=func.current_timestamp()
    )


consent = Table("consent", metadata, _id("guild_id"), _id("user_id"), _since())

# A no has to be remembered where everybody is heard who did not say it.
declined = Table("declined", metadata, _id("guild_id"), _id("user_id"), _since())

usage = Table(
    "usage",
    metadata,
    _id("guild_id"),
    Column("day", Date, primary_key=True),  # of UTC
    _id("user_id"),  # 0 names nobody
    Column("model", Text, primary_key=True),
    *_amounts(),
)

# Read and written whole, never searched: a document (`document.py`).
settings = Table(
    "settings",
    metadata,
    _id("guild_id"),
    Column("document", JSON(none_as_null=True), nullable=False),
)

rooms = Table(
    "rooms", metadata, _id("guild_id"), Column("document", JSON(none_as_null=True), nullable=False)
)

wishes = Table(
    "wishes",
    metadata,
    _id("guild_id"),
    _id("user_id"),
    Column("speaks", Words),
    Column("reads", Words),
)

# How members want their translations spoken.
voices = Table(
    "voices",
    metadata,
    _id("guild_id"),
    _id("user_id"),
    Column("voice", Words),
    Column("silent", Boolean, nullable=False),
    Column("imitated_since", Double),  # when they agreed to that, in seconds since 1970
)

glossary = Table(
    "glossary",
    metadata,
    _id("guild_id"),
    Column("target", Words, primary_key=True),
    Column("source", Words, primary_key=True),
    Column("translation", Words, nullable=False),
)

transcripts = Table(
    "transcripts",
    metadata,
    _id("guild_id"),
    Column("session", Words, primary_key=True),
    Column("utterance", Integer, primary_key=True, autoincrement=False),
    Column("language", Words, primary_key=True),
    Column("at", Double, nullable=False),  # seconds since 1970, and exactly those
    Column("until", Double, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("name", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("source_language", Words),
    Column("source_text", Words, nullable=False),
    Index(None, "guild_id", "user_id"),
    Index(None, "guild_id", "at"),
)

# Guilds that were greeted, and when the bot had joined: one that it joins again is greeted anew.
greeted = Table("greeted", metadata, _id("guild_id"), Column("joined", Double, nullable=False))

# Guilds that removed the bot.
departures = Table("departures", metadata, _id("guild_id"), Column("at", Double, nullable=False))

# For the host, who sees servers by name.
guild_names = Table("guild_names", metadata, _id("guild_id"), Column("name", Words, nullable=False))

GUILD_TABLES = tuple(metadata.sorted_tables)

# The host's decisions about servers. They outlast a server's data: one that is denied stays so when
# it invites the bot again, and one may be allowed before it does.
host_grants = Table(
    "host_grants",
    metadata,
    _id("guild_id"),
    Column("allowed", Boolean, nullable=False),
    Column("daily_minutes", Double),  # NULL: as the settings say
)

# What all servers spent together, so that the account's ceiling is one small row for each model.
account_usage = Table(
    "account_usage",
    metadata,
    Column("month", Date, primary_key=True),  # its first day, of UTC
    Column("model", Text, primary_key=True),
    *_amounts(),
)

account_warnings = Table(
    "account_warnings",
    metadata,
    Column("month", Date, primary_key=True),
    Column("percent", Integer, primary_key=True, autoincrement=False),
)

# What processes tell each other (`ownership/processes.py`): nobody's, and gone a minute after them.
shared = MetaData(naming_convention=_NAMES)

processes = Table(
    "processes",
    shared,
    _id("id"),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("seen", DateTime(timezone=True), nullable=False),
    Column("gone", DateTime(timezone=True)),  # since when it does not use its shares any more
)

# What each process may use of the account's limits: with the database, and without it.
budgets = Table(
    "budgets",
    shared,
    _id("process"),
    Column("name", Text, primary_key=True),
    Column("used", BigInteger, nullable=False),
    Column("bound", BigInteger, nullable=False),
    Column("alone", BigInteger, nullable=False),
)

# When a session with Discord was started last, by remainder of the shard's number.
identifies = Table(
    "identifies",
    shared,
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
