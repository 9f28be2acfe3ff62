"""plans, and what a run may cost"""

import sqlalchemy as sa
from alembic import op

import reprise.store.tables

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("spend_limit", sa.Float(), nullable=True))
    op.add_column("runs", sa.Column("untrusted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "plans",
        sa.Column(
            "number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("pull_request", sa.Integer(), nullable=False),
        sa.Column("experiment", sa.Text(), nullable=False),
        sa.Column("spec_file", sa.Text(), nullable=False),
        sa.Column("commit", sa.String(length=64), nullable=False),
        sa.Column("from_fork", sa.Boolean(), nullable=False),
        sa.Column("seeds", sa.Integer(), nullable=True),
        sa.Column("claims", sa.JSON(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("comment_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", reprise.store.tables.UtcDateTime(), nullable=False),
        sa.Column("expires_at", reprise.store.tables.UtcDateTime(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("ended_at", reprise.store.tables.UtcDateTime(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("ending", sa.Text(), nullable=True),
        sa.Column("tell_at", reprise.store.tables.UtcDateTime(), nullable=True),
        sa.Column("shown_in", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_plans")),
        sa.UniqueConstraint("id", name=op.f("uq_plans_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_plans_place", "plans", ["repository_id", "pull_request"])
    op.create_index("ix_plans_asked", "plans", ["asked_by", "created_at"])
    op.create_index("ix_plans_tell", "plans", ["tell_at"])
