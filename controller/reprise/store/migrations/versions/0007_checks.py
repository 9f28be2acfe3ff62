"""check runs on the forge"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checks",
        sa.Column("run_id", sa.String(40), primary_key=True),
        sa.Column("check_id", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.String(64), nullable=False),
    )
