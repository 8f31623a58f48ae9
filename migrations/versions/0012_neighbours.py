"""An embedding of each track, an index over them, and functions that find similar tracks.

The type of embeddings comes from the extension pgvector. Where the server lacks it, or denies it to this role, only
`models.embedded_at` is added; `labelscope db upgrade` adds the rest once the extension is there.
"""

import sqlalchemy as sa
from alembic import op

from db.pgvector import EXISTS, create_embeddings

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "models",
        sa.Column(
            "embedded_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When all tracks that it had scored had an embedding; null: not yet, or they are kept no longer.",
        ),
    )
    create_embeddings(op.get_bind())


def downgrade() -> None:
    if op.get_bind().scalar(sa.text(EXISTS)):
        op.execute("DROP FUNCTION IF EXISTS similar_to(vector, integer)")
        op.execute("DROP FUNCTION IF EXISTS similar_tracks(bigint, integer)")
        op.execute("DROP TABLE embeddings")
    op.drop_column("models", "embedded_at")
