"""A mix has a verdict only where labels.toml has a taste."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

IN_FULL = (
    "status <> 'analysed' OR num_nonnulls(reason, detail) = 0 AND num_nulls(sha256, bytes, duration_s,"
    " model_id, entropy, concentration, changes_per_hour, unknown_share, {}analysis_s) = 0"
)
NEUTRAL = """
    UPDATE mixes SET verdict = 'maybe', verdict_reason = 'There was no taste.', taste = '{}'
     WHERE status = 'analysed' AND verdict IS NULL
"""


def upgrade() -> None:
    op.drop_constraint(op.f("ck_mixes_analysed_in_full"), "mixes")
    op.create_check_constraint(op.f("ck_mixes_analysed_in_full"), "mixes", IN_FULL.format(""))
    op.create_check_constraint(
        op.f("ck_mixes_verdict_by_taste"), "mixes", "num_nulls(verdict, verdict_reason, taste) IN (0, 3)"
    )
    op.alter_column(
        "mixes",
        "verdict",
        existing_type=sa.Text(),
        comment="Verdict by the taste of this row: listen, maybe or skip; null without a taste.",
    )


def downgrade() -> None:
    op.execute(NEUTRAL)
    op.drop_constraint(op.f("ck_mixes_verdict_by_taste"), "mixes")
    op.drop_constraint(op.f("ck_mixes_analysed_in_full"), "mixes")
    op.create_check_constraint(
        op.f("ck_mixes_analysed_in_full"), "mixes", IN_FULL.format("verdict, verdict_reason, taste, ")
    )
    op.alter_column(
        "mixes",
        "verdict",
        existing_type=sa.Text(),
        comment="Verdict by the taste of this row: listen, maybe or skip.",
    )
