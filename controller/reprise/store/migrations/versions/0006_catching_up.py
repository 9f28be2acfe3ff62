"""how far looks have come, how repositories stand and which watch found them"""

import sqlalchemy as sa
from alembic import op

import reprise.store.tables

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("at", reprise.store.tables.UtcDateTime(), nullable=False),
        sa.Column("page", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursors")),
    )
    op.create_table(
        "older_comments",
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("comment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "ref", "comment_id", name=op.f("pk_older_comments")),
    )
    op.add_column(
        "repositories", sa.Column("standing", sa.String(length=20), nullable=False, server_default="active")
    )
    op.add_column("repositories", sa.Column("told_at", reprise.store.tables.UtcDateTime(), nullable=True))
    op.add_column("repositories", sa.Column("watched_as", sa.Text(), nullable=True))
