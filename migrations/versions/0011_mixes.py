"""Mixes with their segments and windows, and views of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

VIEWS = {
    "mix_timeline": """
        SELECT m.id AS mix_id, m.title, s.number,
               to_char(make_interval(secs => floor(s.start_seconds)::float8), 'FMHH24:MI:SS') AS starts,
               to_char(make_interval(secs => floor(s.end_seconds)::float8), 'FMHH24:MI:SS') AS ends,
               coalesce(l.name, 'unknown') AS label, s.confidence, s.tempo_bpm,
               s.start_seconds, s.end_seconds, m.model_id
          FROM mix_segments s
          JOIN mixes m ON m.id = s.mix_id
          LEFT JOIN labels l ON l.id = s.label_id
         ORDER BY m.id DESC, s.number
    """,
    "mix_shares": """
        SELECT m.id AS mix_id, m.title, coalesce(l.name, 'unknown') AS label,
               sum(s.end_seconds - s.start_seconds) AS seconds,
               (sum(s.end_seconds - s.start_seconds) / m.duration_seconds)::float8 AS share, m.model_id
          FROM mix_segments s
          JOIN mixes m ON m.id = s.mix_id
          LEFT JOIN labels l ON l.id = s.label_id
         GROUP BY m.id, l.id
         ORDER BY m.id DESC, share DESC, l.id
    """,
}

COMMENTS = {
    "mix_timeline": "What each recording sounds like from when to when, in seconds and as h:mm:ss, how sure that is, "
    "and how fast it is; newest first. A recording that several models have heard stands here for each.",
    "mix_shares": "Which share of its time each recording sounds like each label, or like none.",
}


def upgrade() -> None:
    op.create_table(
        "mixes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column(
            "sha256",
            sa.String(length=64),
            nullable=True,
            comment="Of the whole file, by which it is known again; null: it could not be read.",
        ),
        sa.Column(
            "path",
            sa.Text(),
            nullable=False,
            comment="Where the file lay when it was first heard, absolute; bytes that are no text as \\xNN.",
        ),
        sa.Column("title", sa.Text(), nullable=False, comment="What its tags call it, or else its name."),
        sa.Column("bytes", sa.BigInteger(), nullable=True, comment="Size of the file."),
        sa.Column(
            "duration_seconds",
            sa.Numeric(precision=12, scale=3, asdecimal=False),
            nullable=True,
            comment="Length of what was heard.",
        ),
        sa.Column(
            "model_id", sa.BigInteger(), nullable=True, comment="The model that heard it; null: rejected."
        ),
        sa.Column(
            "status", sa.Text(), nullable=False, comment="analysed, or rejected: it could not be used."
        ),
        sa.Column(
            "reason", sa.Text(), nullable=True, comment="Why it was rejected, one word: truncated, changed, …"
        ),
        sa.Column("detail", sa.Text(), nullable=True, comment="The same in a sentence, with the cure."),
        sa.Column(
            "entropy",
            sa.Float(),
            nullable=True,
            comment="Of the shares of its time, unknown included, in bits: 0 is one label all the way.",
        ),
        sa.Column(
            "uniformity",
            sa.Float(),
            nullable=True,
            comment="The chance that two of its moments sound like the same label: 1 is one all the way.",
        ),
        sa.Column(
            "changes_per_hour",
            sa.Float(),
            nullable=True,
            comment="How often one segment gives way to another.",
        ),
        sa.Column(
            "unlike", sa.Float(), nullable=True, comment="Share of its time that is like none of the labels."
        ),
        sa.Column(
            "tempo_bpm", sa.Float(), nullable=True, comment="Beats a minute; null where there are none."
        ),
        sa.Column(
            "verdict",
            sa.Text(),
            nullable=True,
            comment="listen, maybe or skip: how it suits the taste in its row.",
        ),
        sa.Column("verdict_reason", sa.Text(), nullable=True, comment="Why, in a sentence."),
        sa.Column(
            "taste",
            postgresql.JSONB(),
            nullable=True,
            comment="The taste of that verdict: weights of labels, of what is like none, and the "
            "variety wished for.",
        ),
        sa.Column("seconds", sa.Float(), nullable=True, comment="Wall time of the analysis."),
        sa.Column("flow_run_id", sa.Text(), nullable=True, comment="The Prefect flow run that did it."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was heard, or rejected last.",
        ),
        sa.CheckConstraint(
            "status <> 'analysed' OR num_nonnulls(reason, detail) = 0 AND num_nulls(sha256, "
            "bytes, duration_seconds, model_id, entropy, uniformity, changes_per_hour, "
            "unlike, verdict, verdict_reason, taste, seconds) = 0",
            name=op.f("ck_mixes_analysed_in_full"),
        ),
        sa.CheckConstraint(
            "status <> 'rejected' OR num_nulls(reason, detail) = 0 AND num_nonnulls(model_id, verdict) = 0",
            name=op.f("ck_mixes_rejected_with_reason"),
        ),
        sa.CheckConstraint("status IN ('analysed', 'rejected')", name=op.f("ck_mixes_status")),
        sa.CheckConstraint("verdict IN ('listen', 'maybe', 'skip')", name=op.f("ck_mixes_verdict")),
        sa.CheckConstraint("duration_seconds > 0", name=op.f("ck_mixes_duration")),
        sa.CheckConstraint("entropy >= 0 AND changes_per_hour >= 0", name=op.f("ck_mixes_figures")),
        sa.CheckConstraint("uniformity BETWEEN 0 AND 1", name=op.f("ck_mixes_uniformity")),
        sa.CheckConstraint("unlike BETWEEN 0 AND 1", name=op.f("ck_mixes_unlike")),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_mixes_model_id_models"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mixes")),
        comment="A recording such as a DJ set, as one model has heard it, or why it could not be heard.",
    )
    op.create_index(op.f("ix_mixes_model_id"), "mixes", ["model_id"], unique=False)
    op.create_index(
        "uq_mixes_analysed",
        "mixes",
        ["sha256", "model_id"],
        unique=True,
        postgresql_where=sa.text("status = 'analysed'"),
    )
    op.create_table(
        "mix_segments",
        sa.Column("mix_id", sa.BigInteger(), nullable=False, comment="The recording."),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="From 0, in the order of time."),
        sa.Column(
            "start_seconds",
            sa.Numeric(precision=12, scale=3, asdecimal=False),
            nullable=False,
            comment="Where it begins.",
        ),
        sa.Column(
            "end_seconds",
            sa.Numeric(precision=12, scale=3, asdecimal=False),
            nullable=False,
            comment="Where it ends.",
        ),
        sa.Column(
            "label_id",
            sa.BigInteger(),
            nullable=True,
            comment="The label; null: unknown, it is like none of them.",
        ),
        sa.Column("confidence", sa.Float(), nullable=False, comment="How sure that is, 0 to 1."),
        sa.Column(
            "tempo_bpm", sa.Float(), nullable=True, comment="Beats a minute; null where there are none."
        ),
        sa.CheckConstraint(
            "0 <= start_seconds AND start_seconds < end_seconds", name=op.f("ck_mix_segments_order")
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_mix_segments_confidence")),
        sa.ForeignKeyConstraint(["label_id"], ["labels.id"], name=op.f("fk_mix_segments_label_id_labels")),
        sa.ForeignKeyConstraint(
            ["mix_id"], ["mixes.id"], name=op.f("fk_mix_segments_mix_id_mixes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mix_id", "number", name=op.f("pk_mix_segments")),
        comment="A stretch of a recording that sounds like one label, or like none.",
    )
    op.create_table(
        "mix_windows",
        sa.Column("mix_id", sa.BigInteger(), nullable=False, comment="The recording."),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="From 0, in the order of time."),
        sa.Column(
            "start_seconds",
            sa.Numeric(precision=12, scale=3, asdecimal=False),
            nullable=False,
            comment="Where it begins.",
        ),
        sa.Column(
            "label_id",
            sa.BigInteger(),
            nullable=True,
            comment="The label, its neighbours considered; null: unknown, like none of them.",
        ),
        sa.Column(
            "confidence",
            sa.Float(),
            nullable=False,
            comment="How sure that is, its neighbours considered, 0 to 1.",
        ),
        sa.Column(
            "probabilities",
            postgresql.ARRAY(sa.REAL()),
            nullable=True,
            comment="What the model says of this window alone, in the order of its training's "
            "labels; null: silence.",
        ),
        sa.Column(
            "tempo_bpm", sa.Float(), nullable=True, comment="Beats a minute; null where there are none."
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_mix_windows_confidence")),
        sa.ForeignKeyConstraint(["label_id"], ["labels.id"], name=op.f("fk_mix_windows_label_id_labels")),
        sa.ForeignKeyConstraint(
            ["mix_id"], ["mixes.id"], name=op.f("fk_mix_windows_mix_id_mixes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mix_id", "number", name=op.f("pk_mix_windows")),
        comment="What the model says of each moment of a recording; windows overlap by half.",
    )
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query}")
        op.execute(f"COMMENT ON VIEW {name} IS '{COMMENTS[name]}'")


def downgrade() -> None:
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
    for table in ("mix_windows", "mix_segments", "mixes"):
        op.drop_table(table)
