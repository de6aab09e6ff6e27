"""What is kept. Nothing about anyone who did not agree to it."""

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, func

metadata = MetaData()

consent = Table(
    "consent",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.current_timestamp()),
)
