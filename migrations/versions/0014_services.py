"""The time of a first doubtful lookup, and the pace of requests to a service."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "lookups",
        sa.Column(
            "doubted_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When a host first gave this answer, which is final if it gives it on another day; NULL: no doubt.",
        ),
    )
    op.create_table(
        "request_pace",
        sa.Column("service", sa.Text(), nullable=False, comment="deezer."),
        sa.Column(
            "starts",
            postgresql.ARRAY(sa.DateTime(timezone=True)),
            nullable=False,
            comment="When the latest requests begin, in order; no more than it allows in one window.",
        ),
        sa.PrimaryKeyConstraint("service", name=op.f("pk_request_pace")),
        comment="Requests to services that count them by address, of all runs together. Not kept over a crash.",
        prefixes=["UNLOGGED"],
    )


def downgrade() -> None:
    op.drop_table("request_pace")
    op.drop_column("lookups", "doubted_since")
