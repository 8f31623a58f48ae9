"""Faults of stored files."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "file_faults",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column("path", sa.Text(), nullable=False, comment="The file, relative to LABELSCOPE_HOME."),
        sa.Column("kind", sa.Text(), nullable=False, comment="What it holds: audio, spectrogram or model."),
        sa.Column(
            "fault",
            sa.Text(),
            nullable=False,
            comment="missing: a row names it, and it is not there; damaged: not what its row says; "
            "orphaned: no row names it.",
        ),
        sa.Column(
            "found_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was found first.",
        ),
        sa.Column(
            "ended_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was mended, or found in order again.",
        ),
        sa.Column("outcome", sa.Text(), nullable=True, comment="What was done about it, in a sentence."),
        sa.CheckConstraint("kind IN ('audio', 'spectrogram', 'model')", name=op.f("ck_file_faults_kind")),
        sa.CheckConstraint("fault IN ('missing', 'damaged', 'orphaned')", name=op.f("ck_file_faults_fault")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_faults")),
        comment="A file of the home and its row that do not agree, as `maintain` found them.",
    )
    op.create_index(
        "ix_file_faults_open",
        "file_faults",
        ["path"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("file_faults")
