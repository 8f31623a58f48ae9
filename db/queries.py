"""Statements that read what several parts of the house ask for. All return rows, or plain values."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from db.split_queries import TRAINABLE
from db.standings import LEARNABLE, learnable, standing

Rows = Sequence[Row[Any]]

# Standings of tracks of which something may wait.
NO_FINGERPRINT = "s.clips_ready > 0 AND s.fingerprint_version IS DISTINCT FROM :version"
UNHEARD = f"s.to_extract OR NOT s.recipes @> ARRAY[CAST(:recipe AS bigint)] OR {NO_FINGERPRINT}"
UNSCORED = "s.audio && :audio AND s.clips_new = 0 AND s.scored_by IS DISTINCT FROM :model"


def known_files(connection: Connection, provider: str) -> dict[tuple[str, int, int], str]:
    """(uri, bytes, modified_ns) -> sha256 of each audio file that was hashed before. Grows with the clips."""
    rows = connection.execute(
        text("SELECT DISTINCT uri, bytes, modified_ns, sha256 FROM clips WHERE provider = :provider"),
        {"provider": provider},
    )
    return {(row.uri, row.bytes, row.modified_ns): row.sha256 for row in rows}


def crates_beside(connection: Connection, listed_by: str) -> list[str]:
    """The `file:` uris of crates whose playlists are here beside those that `listed_by` names."""
    return list(
        connection.scalars(
            text("""
                SELECT DISTINCT listed_by FROM playlists
                 WHERE provider = 'folder' AND listed_by LIKE 'file:%' AND listed_by <> :listed_by AND status <> 'gone'
                 ORDER BY 1
            """),
            {"listed_by": listed_by},
        )
    )


def clips_to_extract(connection: Connection, recipe_id: int, fingerprint_version: int) -> list[int]:
    """Ids of clips that wait, or whose mishap may have passed, and of those without all that extraction makes.

    That is a spectrogram by this recipe, and for clips that are ready a fingerprint of this version.
    """
    return list(
        connection.scalars(
            text(f"""
                SELECT id FROM clips c
                 WHERE c.track_id = ANY({standing(UNHEARD)})
                   AND (c.status = 'new'
                        OR c.status = 'rejected' AND c.reason IN ('missing', 'unreadable', 'decoder_crashed')
                        OR c.status IN ('ready', 'too_short') AND NOT EXISTS (
                           SELECT FROM spectrograms s WHERE s.clip_id = c.id AND s.recipe_id = :recipe)
                        OR c.status = 'ready' AND NOT EXISTS (
                           SELECT FROM fingerprints f WHERE f.clip_id = c.id AND f.version = :version))
                 ORDER BY id
            """),
            {"recipe": recipe_id, "version": fingerprint_version},
        )
    )


def clips_to_fingerprint(connection: Connection, recipe_id: int, fingerprint_version: int) -> Rows:
    """clip_id and path of the spectrogram of ready clips that have no fingerprint of this version."""
    return connection.execute(
        text(f"""
            SELECT c.id AS clip_id, s.path
              FROM clips c JOIN spectrograms s ON s.clip_id = c.id AND s.recipe_id = :recipe
             WHERE c.track_id = ANY({standing(NO_FINGERPRINT)})
               AND c.status = 'ready' AND NOT EXISTS (
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
            SELECT c.audio, array_to_string(s.origins, ', ') AS playlists, sum(s.tracks * c.clips)::bigint AS clips
              FROM standings_now s
             CROSS JOIN LATERAL (
                   SELECT split_part(one, ' ', 1) AS audio, count(*) AS clips
                     FROM unnest(s.audio) AS one
                    WHERE split_part(one, ' ', 2) = CAST(:recipe AS text)
                    GROUP BY 1) AS c
             WHERE s.label_id IS NOT NULL AND NOT (c.audio = ANY(:allowed) AND s.origins && :allowed)
             GROUP BY c.audio, s.origins HAVING sum(s.tracks * c.clips) > 0 ORDER BY clips DESC, 1, 2
        """),
        {"recipe": recipe_id, "allowed": list(allowed)},
    ).all()


def files_learnt(connection: Connection, hashes: Sequence[str]) -> set[str]:
    """Those of these files, by the sha256 of their bytes, that the model in use has learnt from."""
    return set(
        connection.scalars(
            text("""
                SELECT DISTINCT c.sha256
                  FROM tracks t
                  JOIN clips c ON c.track_id = t.id
                  JOIN training_run_tracks r ON r.track_id = t.id AND r.split = 'train'
                  JOIN models m ON m.training_run_id = r.training_run_id AND m.status = 'champion'
                 WHERE t.provider IN ('folder', 'synth') AND t.external_id = ANY(:tracks)
            """),
            {"tracks": [f"sha256:{sha256}" for sha256 in hashes]},
        )
    )


def last_training(connection: Connection) -> Row[Any] | None:
    """The newest training that came to an end or was refused.

    It has id, status, error, recipe_id, dataset_fingerprint, labels and architecture.
    """
    return connection.execute(
        text("""
            SELECT id, status, error, recipe_id, dataset_fingerprint, labels, architecture
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
    """How many tracks a training could now have that the last completed one has not seen, and how many that has.

    Tracks that were put aside, or that no place was found for yet, do not count, nor do labels that cannot be
    trained (`split_queries.trainable_labels`): they would set a training off again and again.
    """
    row = connection.execute(
        text(f"""
            WITH {TRAINABLE}
            SELECT coalesce(sum(s.tracks) FILTER (
                       WHERE s.trained_in IS DISTINCT FROM :run AND {LEARNABLE}
                         AND s.split <> 'aside' AND s.label_id IN (SELECT label_id FROM trainable)), 0)::bigint AS new,
                   coalesce(sum(s.tracks) FILTER (WHERE s.trained_in = :run), 0)::bigint AS seen
              FROM standings_now s
        """),
        {"run": training_run_id, **learnable(recipe_id, allowed)},
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
            text(f"""
                SELECT DISTINCT c.track_id
                  FROM clips c
                  JOIN spectrograms s ON s.clip_id = c.id AND s.recipe_id = :recipe
                 WHERE c.track_id = ANY({standing(UNSCORED)})
                   AND c.status = 'ready' AND c.provider = ANY(:allowed)
                   AND NOT EXISTS (SELECT FROM predictions p
                                    WHERE p.track_id = c.track_id AND p.model_id = :model)
                   AND NOT EXISTS (SELECT FROM clips w WHERE w.track_id = c.track_id AND w.status = 'new')
                 ORDER BY c.track_id
            """),
            {"model": model_id, "recipe": recipe_id, **learnable(recipe_id, allowed)},
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
            SELECT reason, sum(tracks)::bigint AS count, min(detail) AS example
              FROM (SELECT reason, detail, 1 AS tracks FROM rejected_records WHERE resolved_at IS NULL
                    UNION ALL
                    SELECT c.reason, (SELECT o.detail FROM clips o
                                       WHERE o.status = 'rejected' AND o.reason = c.reason LIMIT 1), count(*)
                      FROM clips c WHERE c.status = 'rejected' GROUP BY c.reason
                    UNION ALL
                    SELECT status, 'A clip is shorter than one crop; it is kept but not used.', 1
                      FROM clips WHERE status = 'too_short'
                    UNION ALL
                    SELECT 'ambiguous', 'The track is in playlists of two labels; it is kept out of training.', tracks
                      FROM standings_now WHERE ambiguous
                    UNION ALL
                    SELECT split, 'A track is kept out of training: ' || rtrim(reason, '.') || '.', 1
                      FROM track_splits WHERE split = 'aside'
                    UNION ALL
                    SELECT without_audio,
                           (SELECT l.detail FROM lookups l
                             WHERE l.kind = 'audio' AND l.source || ': ' || l.reason = without_audio LIMIT 1),
                           sum(tracks)::bigint
                      FROM standings_now
                     WHERE clips = 0 AND without_audio <> 'not looked for yet'
                     GROUP BY without_audio) AS problem
             GROUP BY reason HAVING sum(tracks) > 0 ORDER BY count DESC, reason
        """)
    ).all()


def counts(connection: Connection) -> Row[Any]:
    """How much there is of everything, for a screen of status."""
    return connection.execute(
        text("""
            SELECT (SELECT count(DISTINCT label_id) FROM playlists) AS labels,
                   (SELECT count(*) FROM playlists) AS playlists,
                   coalesce(sum(s.tracks), 0)::bigint AS tracks,
                   coalesce(sum(s.tracks * s.clips), 0)::bigint AS clips,
                   coalesce(sum(s.tracks * s.clips_ready), 0)::bigint AS clips_ready,
                   coalesce(sum(s.tracks * s.clips_new), 0)::bigint AS clips_waiting,
                   coalesce(sum(s.tracks) FILTER (
                       WHERE s.scored_by = (SELECT id FROM models WHERE status = 'champion')), 0)::bigint
                       AS tracks_predicted,
                   (SELECT count(*) FROM models WHERE status <> 'yardstick') AS models
              FROM standings_now s
        """)
    ).one()


def view(connection: Connection, name: str) -> Rows:
    """All rows of one of our own views."""
    if not name.isidentifier():
        raise ValueError(f"{name!r} is no name of a view.")
    return connection.execute(text(f"SELECT * FROM {name}")).all()
