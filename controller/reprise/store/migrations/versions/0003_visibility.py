"""whether anybody may read a repository"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "repositories", sa.Column("public", sa.Boolean(), nullable=False, server_default=sa.false())
    )
