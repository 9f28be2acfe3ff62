"""each run knows its backend; before there was only one"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    backend = sa.Column("backend", sa.String(40), nullable=False, server_default="process")
    op.add_column("runs", backend)
