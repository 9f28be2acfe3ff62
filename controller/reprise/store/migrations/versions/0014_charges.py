"""what leases cost, and what a run may"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "charges",
        sa.Column("run_id", sa.String(40), primary_key=True),
        sa.Column("lease_id", sa.String(100), primary_key=True),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("su_per_hour", sa.Float(), nullable=False),
        sa.Column("start", sa.DateTime(), nullable=False),
        sa.Column("end", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
    )
    op.create_index("ix_charges_repository", "charges", ["repository_id", "start"])
    op.create_index("ix_charges_who", "charges", ["who", "start"])
    op.add_column("runs", sa.Column("su_limit", sa.Float(), nullable=True))
    op.add_column("runs", sa.Column("quoted", sa.JSON(), nullable=True))
