"""Which files the rows name, and which files and rows did not agree."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STORED_FILES = """
    SELECT 'audio' AS kind, 'audio/' || substr(uri, length('store:audio/') + 1) AS path, max(bytes) AS bytes,
           max(sha256) AS sha256
      FROM clips WHERE uri LIKE 'store:%' GROUP BY uri
    UNION ALL
    SELECT 'spectrogram', 'spectrograms/' || r.fingerprint || '/' || s.path, max(s.bytes), max(s.sha256)
      FROM spectrograms s JOIN spectrogram_recipes r ON r.id = s.recipe_id GROUP BY r.fingerprint, s.path
    UNION ALL
    SELECT 'model', 'models/' || path, bytes, sha256 FROM models
"""


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
    op.execute(f"CREATE VIEW stored_files AS {STORED_FILES}")
    op.execute("COMMENT ON VIEW stored_files IS 'Every file of the home that a row names, relative to it.'")


def downgrade() -> None:
    op.execute("DROP VIEW stored_files")
    op.drop_table("file_faults")
