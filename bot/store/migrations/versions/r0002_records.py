"""Settings, wishes, glossaries, transcripts, running rooms, those who said no, departed guilds."""

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0002"
down_revision = "0001"


def upgrade(op: Operations) -> None:
    """Add the tables of members, settings, rooms and what they keep."""
    _members(op)
    for name in ("settings", "rooms"):
        op.create_table(
            name,
            _id("guild_id"),
            sa.Column("document", sa.JSON, nullable=False),
            sa.PrimaryKeyConstraint("guild_id", name=f"pk_{name}"),
        )
    op.create_table(
        "glossary",
        _id("guild_id"),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("translation", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "target", "source", name="pk_glossary"),
    )
    op.create_table(
        "departures",
        _id("guild_id"),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name="pk_departures"),
    )
    _transcripts(op)


def _members(op: Operations) -> None:
    op.create_table(
        "declined",
        _id("guild_id"),
        _id("user_id"),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.func.current_timestamp(),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name="pk_declined"),
    )
    op.create_table(
        "wishes",
        _id("guild_id"),
        _id("user_id"),
        sa.Column("speaks", sa.Text),
        sa.Column("reads", sa.Text),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name="pk_wishes"),
    )


def _transcripts(op: Operations) -> None:
    op.create_table(
        "transcripts",
        _id("guild_id"),
        sa.Column("session", sa.Text, nullable=False),
        sa.Column("utterance", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("source_language", sa.Text),
        sa.Column("source_text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint(
            "guild_id", "session", "utterance", "language", name="pk_transcripts"
        ),
    )
    for column in ("user_id", "at"):
        op.create_index(f"ix_transcripts_guild_id_{column}", "transcripts", ["guild_id", column])


def _id(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, autoincrement=False, nullable=False)
