"""stops, and the arguments of a command"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("stop_requested", sa.JSON(), nullable=True))
    op.add_column("runs", sa.Column("seeds", sa.Integer(), nullable=True))
    op.add_column("runs", sa.Column("claims", sa.JSON(), nullable=True))
    op.create_index("ix_runs_unfinished", "runs", ["ended_at", "granted_at"])
    op.create_index("ix_runs_granted", "runs", ["granted_at"])
