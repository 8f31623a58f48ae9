"""What is gone leaves counts and views: the time at which a playlist left, and views of tracks that playlists hold."""

import importlib

import sqlalchemy as sa
from alembic import op

from db.pgvector import EXISTS, create_functions

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

EARLIER = {
    **importlib.import_module("migrations.versions.0015_names").VIEWS,
    **importlib.import_module("migrations.versions.0017_track_views").VIEWS,
}
# The view track_labels has the tracks that a playlist holds, those with playlists of two labels included.
HELD = "JOIN track_labels tl ON tl.track_id = p.track_id"
CHAMPION = "JOIN models m ON m.id = p.model_id AND m.status = 'champion'"
CHANGES = {
    "track_predictions": (
        "LEFT JOIN track_labels tl ON tl.track_id = t.id",
        "JOIN track_labels tl ON tl.track_id = t.id",
    ),
    "track_scores": (CHAMPION, f"{CHAMPION} {HELD}"),
    "artist_predictions": (CHAMPION, f"{CHAMPION} {HELD}"),
    "changed_predictions": (CHAMPION, f"{CHAMPION} {HELD}"),
    "label_sound": ("GROUP BY l.name", "WHERE s.origins <> '{}' GROUP BY l.name"),
    "playlist_coverage": (
        "p.status, p.status_reason, p.last_seen_at",
        "p.status, p.status_reason, p.last_seen_at, file_path(p.external_id) AS path",
    ),
}
ONLY_LISTED = ("ORDER BY l.id, p.id", "WHERE p.removed_at IS NULL ORDER BY l.id, p.id")


def upgrade() -> None:
    op.add_column(
        "playlists",
        sa.Column(
            "removed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Time of the first ingest whose source no longer listed the playlist; null while it is listed.",
        ),
    )
    op.execute(
        "UPDATE playlists SET removed_at = last_seen_at WHERE status = 'gone' AND status_reason LIKE '%listed%'"
    )
    for name, (old, new) in CHANGES.items():
        query = EARLIER[name].replace(old, new)
        if name == "playlist_coverage":
            query = query.replace(*ONLY_LISTED)
        op.execute(f"CREATE OR REPLACE VIEW {name} AS {query}")
    op.execute(
        "COMMENT ON COLUMN playlist_coverage.path IS"
        " 'Path of a folder; the id at the provider for other playlists.'"
    )
    if op.get_bind().scalar(sa.text(EXISTS)):
        create_functions(op.get_bind())


def downgrade() -> None:
    op.execute("DROP VIEW playlist_coverage")
    for name in CHANGES:
        op.execute(f"CREATE OR REPLACE VIEW {name} AS {EARLIER[name]}")
    comments = importlib.import_module("migrations.versions.0016_comments").VIEWS["playlist_coverage"]
    importlib.import_module("migrations.versions.0017_track_views")._comment("playlist_coverage", comments)
    op.drop_column("playlists", "removed_at")
