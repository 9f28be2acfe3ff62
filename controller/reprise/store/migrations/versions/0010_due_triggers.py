"""what is due is found without reading what is settled"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = ["number", "kind", "repository_id", "next_at"]
    due = sa.text("next_at IS NOT NULL")
    op.create_index("ix_triggers_due", "triggers", columns, sqlite_where=due, postgresql_where=due)
    op.drop_index("ix_triggers_open", "triggers")
