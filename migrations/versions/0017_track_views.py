"""Views of tracks: path, tempo and key beside a prediction, all scores, and what looks wrong or has changed."""

import importlib

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OF_RELATION = ""  # the key of a view's own comment

FILE_PATH = r"""
    CREATE FUNCTION file_path(uri text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
    BEGIN
        IF uri NOT LIKE 'file://%' THEN RETURN uri; END IF;
        RETURN convert_from(string_agg(
                   CASE WHEN part[1] ~ '^%[0-9A-Fa-f]{2}$' THEN decode(substr(part[1], 2), 'hex')
                        ELSE convert_to(part[1], 'UTF8') END, ''::bytea ORDER BY place), 'UTF8')
          FROM regexp_matches(substr(uri, 8), '%[0-9A-Fa-f]{2}|[^%]+|%', 'g') WITH ORDINALITY AS found (part, place);
    EXCEPTION WHEN character_not_in_repertoire THEN RETURN uri;  -- a file name that is not UTF-8
    END $$
"""
ARTISTS = """(SELECT string_agg(a.name, ', ' ORDER BY ta.position)
                  FROM track_artists ta JOIN artists a ON a.id = ta.artist_id
                 WHERE ta.track_id = t.id)"""
PATH = "(SELECT file_path(c.uri) FROM clips c WHERE c.track_id = t.id ORDER BY c.id LIMIT 1)"
SECOND = """FROM prediction_scores s JOIN labels l ON l.id = s.label_id
                 WHERE s.prediction_id = p.id AND s.label_id <> p.nearest_id
                 ORDER BY s.probability DESC, l.id LIMIT 1"""
MEASURED = """FROM audio_features f LEFT JOIN clips c ON c.id = f.clip_id
                 WHERE f.track_id = t.id
                 ORDER BY array_position(ARRAY['spotify', 'reccobeats'], f.origin) NULLS LAST, c.offset_s, f.id DESC
                 LIMIT 1"""
KEY = """(ARRAY['C', 'C♯', 'D', 'E♭', 'E', 'F', 'F♯', 'G', 'A♭', 'A', 'B♭', 'B'])[f.key + 1]
                       || CASE f.mode WHEN 1 THEN ' major' WHEN 0 THEN ' minor' ELSE '' END"""
# A view with these columns added at its end, and new views.
VIEWS = {
    "track_predictions": importlib.import_module("migrations.versions.0015_names")
    .VIEWS["track_predictions"]
    .replace(
        " AS nearest\n",
        f""" AS nearest,
               (SELECT l.name {SECOND}) AS next_label,
               (SELECT s.probability {SECOND}) AS next_probability,
               {PATH} AS path,
               t.first_seen_at,
               (SELECT f.tempo_bpm {MEASURED}) AS tempo_bpm,
               (SELECT {KEY} {MEASURED}) AS key
""",
    ),
    "track_scores": """
        SELECT p.track_id, l.name AS label, s.probability
          FROM predictions p
          JOIN models m ON m.id = p.model_id AND m.status = 'champion'
          JOIN prediction_scores s ON s.prediction_id = p.id
          JOIN labels l ON l.id = s.label_id
    """,
    "artist_predictions": """
        SELECT a.id AS artist_id, a.name AS artist, l.name AS label, count(*) AS tracks,
               avg(s.probability) AS probability,
               row_number() OVER (PARTITION BY a.id ORDER BY avg(s.probability) DESC, l.id) AS rank
          FROM predictions p
          JOIN models m ON m.id = p.model_id AND m.status = 'champion'
          JOIN prediction_scores s ON s.prediction_id = p.id
          JOIN labels l ON l.id = s.label_id
          JOIN track_artists ta ON ta.track_id = p.track_id
          JOIN artists a ON a.id = ta.artist_id
         GROUP BY a.id, l.id
    """,
    "suspected_mislabelled": f"""
        SELECT t.id AS track_id, t.title, {ARTISTS} AS artists, truth.name AS label, guess.name AS predicted,
               p.confidence, own.probability AS label_probability, p.split = 'train' AS learnt, {PATH} AS path
          FROM predictions p
          JOIN models m ON m.id = p.model_id AND m.status = 'champion'
          JOIN tracks t ON t.id = p.track_id
          JOIN track_labels tl ON tl.track_id = t.id AND tl.label_id <> p.label_id
          JOIN prediction_scores own ON own.prediction_id = p.id AND own.label_id = tl.label_id
          JOIN labels truth ON truth.id = tl.label_id
          JOIN labels guess ON guess.id = p.label_id
         ORDER BY own.probability - p.confidence, t.id
    """,
    "removed_tracks": f"""
        SELECT pt.removed_at, l.name AS label, p.name AS playlist, t.id AS track_id, t.title, {ARTISTS} AS artists,
               {PATH} AS path
          FROM playlist_tracks pt
          JOIN playlists p ON p.id = pt.playlist_id
          JOIN labels l ON l.id = p.label_id
          JOIN tracks t ON t.id = pt.track_id
         WHERE pt.removed_at IS NOT NULL
         ORDER BY pt.removed_at DESC, t.id
    """,
    "changed_predictions": f"""
        SELECT t.id AS track_id, t.title, {ARTISTS} AS artists, p.model_id, before.model_id AS previous_model_id,
               coalesce(new.name, 'unknown') AS predicted, p.confidence,
               coalesce(old.name, 'unknown') AS predicted_before, before.confidence AS confidence_before
          FROM predictions p
          JOIN models m ON m.id = p.model_id AND m.status = 'champion'
          JOIN tracks t ON t.id = p.track_id
         CROSS JOIN LATERAL (SELECT q.* FROM predictions q
                              WHERE q.track_id = p.track_id AND q.model_id <> p.model_id
                              ORDER BY q.created_at DESC, q.model_id DESC LIMIT 1) AS before
          LEFT JOIN labels new ON new.id = p.label_id
          LEFT JOIN labels old ON old.id = before.label_id
         WHERE p.label_id IS DISTINCT FROM before.label_id
    """,
}
COMMENTS = {
    "track_predictions": {
        "next_label": "Name of the second most probable label.",
        "next_probability": "Probability of the second most probable label, 0 to 1.",
        "path": "Path of the file, or store:PATH for downloaded audio; a file:// URI for a path that is not UTF-8.",
        "first_seen_at": "Time of the first ingest.",
        "tempo_bpm": "Tempo in beats per minute.",
        "key": "Musical key, such as F♯ minor.",
    },
    "track_scores": {
        OF_RELATION: "The champion's probability of each label for each track.",
        "track_id": "The track.",
        "label": "Name of the label.",
        "probability": "Probability, 0 to 1; the labels of a track sum to 1.",
    },
    "artist_predictions": {
        OF_RELATION: "How much an artist's tracks sound like each label: the champion's mean probabilities.",
        "artist_id": "The artist.",
        "artist": "Name of the artist.",
        "label": "Name of the label.",
        "tracks": "Number of the artist's tracks with a prediction.",
        "probability": "Mean probability of the label over these tracks, 0 to 1.",
        "rank": "Rank of the label for this artist: 1 for the most probable one.",
    },
    "suspected_mislabelled": {
        OF_RELATION: "Tracks that the champion takes for another label than that of their playlists, the surest first.",
        "track_id": "The track.",
        "title": "Title of the track.",
        "artists": "Names of the artists, in the order of the credit.",
        "label": "Name of the track's label.",
        "predicted": "Name of the predicted label.",
        "confidence": "Probability of the predicted label, 0 to 1.",
        "label_probability": "Probability of the track's own label, 0 to 1.",
        "learnt": "True if the champion was trained on the track with its own label, and still predicts another one.",
        "path": "Path of the file, as in track_predictions.",
    },
    "removed_tracks": {
        OF_RELATION: "Tracks that have left a folder or playlist, the latest first; they may be in another one.",
        "removed_at": "Time of the first ingest without the track.",
        "label": "Label of the folder or playlist.",
        "playlist": "Name of the folder or playlist.",
        "track_id": "The track.",
        "title": "Title of the track.",
        "artists": "Names of the artists, in the order of the credit.",
        "path": "Path of the file, as in track_predictions.",
    },
    "changed_predictions": {
        OF_RELATION: "Tracks for which the champion predicts another label than the model that scored them before.",
        "track_id": "The track.",
        "title": "Title of the track.",
        "artists": "Names of the artists, in the order of the credit.",
        "model_id": "The champion.",
        "previous_model_id": "The model with the latest prediction before the champion's.",
        "predicted": "Name of the label that the champion predicts, or unknown.",
        "confidence": "Probability of the champion's most probable label, 0 to 1.",
        "predicted_before": "Name of the label that the previous model predicts, or unknown.",
        "confidence_before": "Probability of that model's most probable label, 0 to 1.",
    },
}


def upgrade() -> None:
    op.execute(FILE_PATH)
    for name, query in VIEWS.items():
        op.execute(f"CREATE OR REPLACE VIEW {name} AS {query}")
    for view, comments in COMMENTS.items():
        _comment(view, comments)


def downgrade() -> None:
    op.execute(f"DROP VIEW {', '.join(VIEWS)}")
    op.execute("DROP FUNCTION file_path")
    name = "track_predictions"
    op.execute(
        f"CREATE VIEW {name} AS {importlib.import_module('migrations.versions.0015_names').VIEWS[name]}"
    )
    _comment(name, importlib.import_module("migrations.versions.0016_comments").VIEWS[name])


def _comment(view: str, comments: dict[str, str]) -> None:
    for column, comment in comments.items():
        of = f"VIEW {view}" if column == OF_RELATION else f"COLUMN {view}.{column}"
        quoted = comment.replace("'", "''")
        op.execute(f"COMMENT ON {of} IS '{quoted}'")
