"""evidence of runs"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("evidence", sa.String(length=64), nullable=True))
    op.add_column("runs", sa.Column("evidence_problem", sa.Text(), nullable=True))
