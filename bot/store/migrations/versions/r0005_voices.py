"""How members want their translations spoken."""

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0005"
down_revision = "0004"


def upgrade(op: Operations) -> None:
    """Add the table of members' voices."""
    op.create_table(
        "voices",
        sa.Column("guild_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("voice", sa.Text),
        sa.Column("silent", sa.Boolean, nullable=False),
        sa.Column("imitated_since", sa.Double),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name="pk_voices"),
    )
