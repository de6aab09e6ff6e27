"""What is kept. Nothing about anyone who did not agree to it."""

from sqlalchemy import BigInteger, Column, Date, DateTime, MetaData, Table, Text, func, text

# Every constraint has a name, so that a later migration can speak of it.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _amount(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


consent = Table(
    "consent",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.current_timestamp()),
)

# Its primary key begins with what is asked for: a guild's days.
usage = Table(
    "usage",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),  # of UTC
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),  # 0 names nobody
    Column("model", Text, primary_key=True),
    _amount("audio_in_samples"),  # 16 kHz
    _amount("audio_out_samples"),  # 24 kHz
    _amount("tokens_in"),
    _amount("tokens_out"),
    _amount("tokens_voice"),  # part of tokens_out
    _amount("connects"),
)
