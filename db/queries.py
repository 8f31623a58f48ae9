"""Statements that read, but for those about providers and the split. All return rows, or plain values."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from db.split_queries import TRAINABLE, USABLE

Rows = Sequence[Row[Any]]


def known_files(connection: Connection, provider: str) -> dict[tuple[str, int, int], str]:
    """(uri, bytes, modified_ns) -> sha256 of each audio file that was hashed before. Grows with the clips."""
    rows = connection.execute(
        text("SELECT DISTINCT uri, bytes, modified_ns, sha256 FROM clips WHERE provider = :provider"),
        {"provider": provider},
    )
    return {(row.uri, row.bytes, row.modified_ns): row.sha256 for row in rows}


def clips_to_extract(connection: Connection, recipe_id: int, fingerprint_version: int) -> list[int]:
    """Ids of clips that wait, or whose mishap may have passed, and of those without all that extraction makes.

    That is a spectrogram by this recipe, and for clips that are ready a fingerprint of this version.
    """
    return list(
        connection.scalars(
            text("""
                SELECT id FROM clips WHERE status = 'new'
                UNION ALL
                SELECT id FROM clips
                 WHERE status = 'rejected' AND reason IN ('missing', 'unreadable', 'decoder_crashed')
                UNION ALL
                SELECT id FROM clips c
                 WHERE status IN ('ready', 'too_short') AND NOT EXISTS (
                       SELECT FROM spectrograms s WHERE s.clip_id = c.id AND s.recipe_id = :recipe)
                UNION
                SELECT id FROM clips c
                 WHERE status = 'ready' AND NOT EXISTS (
                       SELECT FROM fingerprints f WHERE f.clip_id = c.id AND f.version = :version)
                 ORDER BY id
            """),
            {"recipe": recipe_id, "version": fingerprint_version},
        )
    )


def clips_to_fingerprint(connection: Connection, recipe_id: int, fingerprint_version: int) -> Rows:
    """clip_id and path of the spectrogram of ready clips that have no fingerprint of this version."""
    return connection.execute(
        text("""
            SELECT c.id AS clip_id, s.path
              FROM clips c JOIN spectrograms s ON s.clip_id = c.id AND s.recipe_id = :recipe
             WHERE c.status = 'ready' AND NOT EXISTS (
                   SELECT FROM fingerprints f WHERE f.clip_id = c.id AND f.version = :version)
             ORDER BY c.id
        """),
        {"recipe": recipe_id, "version": fingerprint_version},
    ).all()


def labels(connection: Connection) -> Rows:
    """id, slug and name of every label, in the order of the network's outputs."""
    return connection.execute(text("SELECT id, slug, name FROM labels ORDER BY id")).all()


def usable_clips(connection: Connection, recipe_id: int, allowed: Sequence[str]) -> Rows:
    """Each clip that may be learnt from: ready, of a placed track with exactly one label, by `allowed` origins alone.

    Both the clip's audio and a playlist that gives the label must come from one of these. Tracks that were put
    aside are left out. Rows have track_id, label_id, clip_id, path, sha256, frames, origins (whose audio, and whose
    playlists that may count), split, group_key and scheme.
    """
    return connection.execute(
        text("""
            SELECT tl.track_id, tl.label_id, c.id AS clip_id, s.path, s.sha256, s.frames,
                   ARRAY[c.provider]
                       || ARRAY(SELECT o FROM unnest(tl.origins) AS o WHERE o = ANY(:allowed)) AS origins,
                   ts.split, ts.group_key, ts.scheme
              FROM track_labels tl
              JOIN track_splits ts ON ts.track_id = tl.track_id AND ts.split <> 'aside'
              JOIN clips c ON c.track_id = tl.track_id AND c.status = 'ready'
              JOIN spectrograms s ON s.clip_id = c.id AND s.recipe_id = :recipe
             WHERE tl.label_id IS NOT NULL AND c.provider = ANY(:allowed) AND tl.origins && :allowed
             ORDER BY tl.track_id, c.id
        """),
        {"recipe": recipe_id, "allowed": list(allowed)},
    ).all()


def held_back(connection: Connection, recipe_id: int, allowed: Sequence[str]) -> Rows:
    """The clips that could be learnt from but for their origins: audio, playlists (text) and clips (a count)."""
    return connection.execute(
        text("""
            SELECT c.provider AS audio, array_to_string(tl.origins, ', ') AS playlists, count(*) AS clips
              FROM track_labels tl
              JOIN clips c ON c.track_id = tl.track_id AND c.status = 'ready'
              JOIN spectrograms s ON s.clip_id = c.id AND s.recipe_id = :recipe
             WHERE tl.label_id IS NOT NULL AND NOT (c.provider = ANY(:allowed) AND tl.origins && :allowed)
             GROUP BY c.provider, tl.origins ORDER BY count(*) DESC, 1, 2
        """),
        {"recipe": recipe_id, "allowed": list(allowed)},
    ).all()


def last_training(connection: Connection) -> Row[Any] | None:
    """The newest training that came to an end or was refused.

    It has id, status, recipe_id, dataset_fingerprint, labels and architecture.
    """
    return connection.execute(
        text("""
            SELECT id, status, recipe_id, dataset_fingerprint, labels, architecture
              FROM training_runs
             WHERE status IN ('completed', 'refused') ORDER BY id DESC LIMIT 1
        """)
    ).one_or_none()


def training_on(connection: Connection, dataset_fingerprint: str, architecture: str) -> int | None:
    """The id of the last training of this architecture on exactly these data that came to its end, if there is one."""
    training: int | None = connection.scalar(
        text("""
            SELECT max(id) FROM training_runs
             WHERE status = 'completed' AND dataset_fingerprint = :fingerprint AND architecture = :architecture
        """),
        {"fingerprint": dataset_fingerprint, "architecture": architecture},
    )
    return training


def champion(connection: Connection) -> Row[Any] | None:
    """The model in use: model_id, training_run_id, architecture, path, sha256, recipe_id, labels, …"""
    return connection.execute(text("SELECT * FROM champion")).one_or_none()


def model(connection: Connection, model_id: int) -> Row[Any] | None:
    """One model, in use or not: its status, path, sha256, and the origins that it learnt from."""
    return connection.execute(
        text("""
            SELECT m.status, m.path, m.sha256, t.origins
              FROM models m JOIN training_runs t ON t.id = m.training_run_id
             WHERE m.id = :model
        """),
        {"model": model_id},
    ).one_or_none()


def count_new_tracks(
    connection: Connection, recipe_id: int, training_run_id: int, allowed: Sequence[str]
) -> tuple[int, int]:
    """How many tracks a training could now have that an earlier one has not seen, and how many that has.

    Tracks that were put aside, or that no place was found for yet, do not count, nor do labels that cannot be
    trained (`split_queries.trainable_labels`): they would set a training off again and again.
    """
    row = connection.execute(
        text(f"""
            WITH {USABLE}, {TRAINABLE},
                 seen AS (SELECT track_id FROM training_run_tracks WHERE training_run_id = :run)
            SELECT (SELECT count(*) FROM usable u
                      JOIN track_splits ts ON ts.track_id = u.track_id AND ts.split <> 'aside'
                     WHERE u.label_id IN (SELECT label_id FROM trainable)
                       AND NOT EXISTS (SELECT FROM seen WHERE seen.track_id = u.track_id)) AS new,
                   (SELECT count(*) FROM seen) AS seen
        """),
        {"run": training_run_id, "recipe": recipe_id, "allowed": list(allowed)},
    ).one()
    return row.new, row.seen


def tracks_to_predict(
    connection: Connection, model_id: int, recipe_id: int, allowed: Sequence[str]
) -> list[int]:
    """Tracks with usable audio, from allowed origins, that the model has not scored yet.

    Those with a clip that still waits for extraction wait, too.
    """
    return list(
        connection.scalars(
            text("""
                SELECT DISTINCT c.track_id
                  FROM clips c
                  JOIN spectrograms s ON s.clip_id = c.id AND s.recipe_id = :recipe
                 WHERE c.status = 'ready' AND c.provider = ANY(:allowed)
                   AND NOT EXISTS (SELECT FROM predictions p
                                    WHERE p.track_id = c.track_id AND p.model_id = :model)
                   AND NOT EXISTS (SELECT FROM clips w WHERE w.track_id = c.track_id AND w.status = 'new')
                 ORDER BY c.track_id
            """),
            {"model": model_id, "recipe": recipe_id, "allowed": list(allowed)},
        )
    )


def spectrograms_of(
    connection: Connection, track_ids: Sequence[int], recipe_id: int, allowed: Sequence[str]
) -> Rows:
    """track_id, clip_id, path and frames of each usable spectrogram of these tracks, from allowed origins."""
    return connection.execute(
        text("""
            SELECT c.track_id, c.id AS clip_id, s.path, s.frames
              FROM clips c JOIN spectrograms s ON s.clip_id = c.id AND s.recipe_id = :recipe
             WHERE c.status = 'ready' AND c.provider = ANY(:allowed) AND c.track_id = ANY(:tracks)
             ORDER BY c.track_id, c.id
        """),
        {"recipe": recipe_id, "tracks": list(track_ids), "allowed": list(allowed)},
    ).all()


def problems(connection: Connection) -> Rows:
    """Each reason for which something could not be used: reason, count, and one example with its cure."""
    return connection.execute(
        text("""
            SELECT reason, count(*) AS count, min(detail) AS example
              FROM (SELECT reason, detail FROM rejected_records WHERE resolved_at IS NULL
                    UNION ALL
                    SELECT reason, detail FROM clips WHERE status = 'rejected'
                    UNION ALL
                    SELECT status, 'A clip is shorter than one crop; it is kept but not used.'
                      FROM clips WHERE status = 'too_short'
                    UNION ALL
                    SELECT 'ambiguous', 'The track is in playlists of two labels; it is kept out of training.'
                      FROM track_labels WHERE ambiguous
                    UNION ALL
                    SELECT split, 'A track is kept out of training: ' || rtrim(reason, '.') || '.'
                      FROM track_splits WHERE split = 'aside'
                    UNION ALL
                    SELECT source || ': ' || reason, detail FROM audio_not_found) AS problem
             GROUP BY reason ORDER BY count DESC, reason
        """)
    ).all()


def counts(connection: Connection) -> Row[Any]:
    """How much there is of everything, for a screen of status."""
    return connection.execute(
        text("""
            SELECT (SELECT count(*) FROM labels) AS labels,
                   (SELECT count(*) FROM playlists) AS playlists,
                   (SELECT count(*) FROM tracks) AS tracks,
                   (SELECT count(*) FROM clips) AS clips,
                   (SELECT count(*) FROM clips WHERE status = 'ready') AS clips_ready,
                   (SELECT count(*) FROM clips WHERE status = 'new') AS clips_waiting,
                   (SELECT count(*) FROM predictions p JOIN models m ON m.id = p.model_id
                     WHERE m.status = 'champion') AS tracks_predicted,
                   (SELECT count(*) FROM models WHERE status <> 'yardstick') AS models
        """)
    ).one()


def view(connection: Connection, name: str) -> Rows:
    """All rows of one of our own views."""
    if not name.isidentifier():
        raise ValueError(f"{name!r} is no name of a view.")
    return connection.execute(text(f"SELECT * FROM {name}")).all()
