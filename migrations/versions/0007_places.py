"""The splits of removed tracks; checks on probabilities."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# NaN is above 1 to PostgreSQL.
PROBABILITIES = (("predictions", "confidence"), ("prediction_scores", "probability"))


def upgrade() -> None:
    op.create_table(
        "former_places",
        sa.Column(
            "track_key",
            sa.String(length=64),
            nullable=False,
            comment="Hash of provider and external id; the name of a removed track is not kept.",
        ),
        sa.Column(
            "split",
            sa.Text(),
            nullable=False,
            comment="train, validation, holdout or aside, as in track_splits.",
        ),
        sa.Column(
            "left_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was removed.",
        ),
        sa.CheckConstraint(
            "split IN ('train', 'validation', 'holdout', 'aside')", name=op.f("ck_former_places_split")
        ),
        sa.PrimaryKeyConstraint("track_key", name=op.f("pk_former_places")),
        comment="Where a removed track stood: models outlive it, so should it come back, it must not test them.",
    )
    for table, column in PROBABILITIES:
        damaged = f"NOT {column} BETWEEN 0 AND 1"
        if table == "prediction_scores":
            op.execute(
                f"DELETE FROM predictions WHERE id IN (SELECT prediction_id FROM {table} WHERE {damaged})"
            )
        else:
            op.execute(f"DELETE FROM {table} WHERE {damaged}")
        op.create_check_constraint(op.f(f"ck_{table}_{column}"), table, f"{column} BETWEEN 0 AND 1")


def downgrade() -> None:
    for table, column in PROBABILITIES:
        op.drop_constraint(op.f(f"ck_{table}_{column}"), table, type_="check")
    op.drop_table("former_places")
