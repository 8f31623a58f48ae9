"""Remarks of a training also hold its limits."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BEFORE = "What it had to leave out, a sentence each."
NOW = "What it had to leave out, and what it cannot bring, a sentence each."


def upgrade() -> None:
    _comment(NOW, BEFORE)


def downgrade() -> None:
    _comment(BEFORE, NOW)


def _comment(comment: str, before: str) -> None:
    op.alter_column(
        "training_runs",
        "remarks",
        comment=comment,
        existing_comment=before,
        existing_type=postgresql.JSONB(),
        existing_server_default=sa.text("'[]'"),
        existing_nullable=False,
    )
