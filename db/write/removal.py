"""Remove the content of a provider from the tables, and return the files to delete.

Callers delete the files before they commit: after a kill in between, the next run finds the rows again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from db.read.splits import TRACK_KEY
from db.read.tracks.state import tracks_in_state
from db.write.learning import count_training_tracks
from db.write.track_state import lock_track_states

# Locks in the same order as a training that ends.
LOCK_TRAININGS: Final = "SELECT FROM training_runs WHERE origins ? :provider ORDER BY id FOR UPDATE"
DELETE_MODELS: Final = """
    DELETE FROM models WHERE training_run_id IN (SELECT id FROM training_runs WHERE origins ? :provider)
"""
DELETE_TRAININGS: Final = "DELETE FROM training_runs WHERE origins ? :provider RETURNING id"
CLIPS_OF_PROVIDER: Final = """
    SELECT c.id FROM clips c JOIN tracks t ON t.id = c.track_id
     WHERE c.provider = :provider OR t.provider = :provider
"""
# What refers to the tracks and playlists of a provider, or came from it for other tracks.
DELETE_REFERENCES: Final = (
    "DELETE FROM audio_features WHERE origin = :provider",
    "DELETE FROM lookups WHERE source = :provider",
    "DELETE FROM rejected_records r USING playlists p WHERE p.id = r.playlist_id AND p.provider = :provider",
    "DELETE FROM loads l USING playlists p WHERE p.id = l.playlist_id AND p.provider = :provider",
    "DELETE FROM playlist_tracks pt USING playlists p WHERE p.id = pt.playlist_id AND p.provider = :provider",
    "DELETE FROM provider_state WHERE provider = :provider",
)
TRAININGS_ON_PROVIDER: Final = """
    SELECT DISTINCT rt.training_run_id
      FROM training_run_tracks rt JOIN tracks t ON t.id = rt.track_id AND t.provider = :provider
"""
LOCK_UNCONFIRMED_TRACKS: Final = f"""
    SELECT t.id FROM tracks t
     WHERE t.id = ANY({tracks_in_state("s.provider = :provider AND s.origins = '{}'")} || ARRAY(
           SELECT pt.track_id FROM playlist_tracks pt JOIN playlists p ON p.id = pt.playlist_id
            WHERE pt.removed_at IS NULL AND p.last_seen_at < now() - make_interval(days => :days)))
       AND t.provider = :provider
       AND t.last_seen_at < now() - make_interval(days => :days)
       AND NOT EXISTS (SELECT FROM playlist_tracks pt JOIN playlists p ON p.id = pt.playlist_id
                        WHERE pt.track_id = t.id
                          AND coalesce(pt.removed_at, p.last_seen_at) >= now() - make_interval(days => :days))
     ORDER BY t.id FOR UPDATE OF t SKIP LOCKED
"""
KEEP_SPLITS: Final = f"""
    INSERT INTO former_splits (track_key, split)
    SELECT {TRACK_KEY}, ts.split FROM tracks t JOIN track_splits ts ON ts.track_id = t.id
     WHERE t.id = ANY(:tracks)
    ON CONFLICT (track_key) DO UPDATE SET split = excluded.split, left_at = now()
"""
TRAININGS_ON_TRACKS: Final = (
    "SELECT DISTINCT training_run_id FROM training_run_tracks WHERE track_id = ANY(:tracks)"
)
DELETE_UNCREDITED_ARTISTS: Final = """
    DELETE FROM artists a
     WHERE a.provider = :provider AND NOT EXISTS (SELECT FROM track_artists ta WHERE ta.artist_id = a.id)
       AND a.first_seen_at < now() - make_interval(days => :days)
"""
CLEAR_SNAPSHOTS: Final = """
    UPDATE playlists SET snapshot_id = NULL
     WHERE provider = :provider AND snapshot_id IS NOT NULL
       AND last_seen_at < now() - make_interval(days => :days)
"""


@dataclass(frozen=True, slots=True)
class RemovedContent:
    """Counts of removed rows, and the files without any row left."""

    playlists: int = 0
    tracks: int = 0
    clips: int = 0
    # `store:` URIs; never a user's own files
    audio: tuple[str, ...] = ()
    # fingerprint of the spectrogram config, path below its folder
    spectrograms: tuple[tuple[str, str], ...] = ()
    # models trained on the content
    models: int = 0
    # ids; the whole folder models/<id>/ goes, with a model or without
    trainings: tuple[int, ...] = ()


def remove_provider(connection: Connection, provider: str) -> RemovedContent:
    """Remove a provider's playlists, tracks, artists, audio and features, and all trainings and evaluations with them.

    A running training loses its row, and cannot end with a model. Audio and features of another provider go with
    their track.
    """
    # Lock first: otherwise this deadlocks with refresh_track_states().
    lock_track_states(connection)
    names = {"provider": provider}
    models, trainings = _delete_trainings(connection, provider)
    clips = connection.scalars(text(CLIPS_OF_PROVIDER), names).all()
    audio, spectrograms = _files_of(connection, clips)
    connection.execute(text("DELETE FROM clips WHERE id = ANY(:clips)"), {"clips": list(clips)})
    for statement in DELETE_REFERENCES:
        connection.execute(text(statement), names)
    changed_trainings = connection.scalars(text(TRAININGS_ON_PROVIDER), names).all()
    tracks = connection.execute(text("DELETE FROM tracks WHERE provider = :provider"), names).rowcount
    count_training_tracks(connection, changed_trainings)
    connection.execute(text("DELETE FROM artists WHERE provider = :provider"), names)
    playlists = connection.execute(text("DELETE FROM playlists WHERE provider = :provider"), names).rowcount
    return RemovedContent(playlists, tracks, len(clips), audio, spectrograms, models, trainings)


def remove_unconfirmed_tracks(connection: Connection, provider: str, days: int) -> RemovedContent:
    """Remove a provider's tracks that none of its playlists has confirmed for `days` days, with their audio.

    An ingest of a playlist confirms its tracks, and those that leave it.
    """
    names = {"provider": provider, "days": days}
    tracks = connection.scalars(text(LOCK_UNCONFIRMED_TRACKS), names).all()
    if not tracks:
        return RemovedContent()
    removed = _delete_tracks(connection, tracks)
    connection.execute(text(DELETE_UNCREDITED_ARTISTS), names)
    # If the provider returns, the next ingest reads these playlists in full.
    connection.execute(text(CLEAR_SNAPSHOTS), names)
    return removed


def _delete_trainings(connection: Connection, provider: str) -> tuple[int, tuple[int, ...]]:
    """Delete all trainings and evaluations on a provider's content; the number of models, and the trainings' ids."""
    names = {"provider": provider}
    connection.execute(text(LOCK_TRAININGS), names)
    models = connection.execute(text(DELETE_MODELS), names).rowcount
    trainings = connection.scalars(text(DELETE_TRAININGS), names).all()
    connection.execute(text("DELETE FROM evaluations WHERE origins ? :provider"), names)
    return models, tuple(trainings)


def _delete_tracks(connection: Connection, tracks: Sequence[int]) -> RemovedContent:
    """Delete tracks with their clips, and keep the splits of those that have one."""
    names = {"tracks": list(tracks)}
    clips = connection.scalars(text("SELECT id FROM clips WHERE track_id = ANY(:tracks)"), names).all()
    audio, spectrograms = _files_of(connection, clips)
    # A model may be trained on them. If they return, they must not become its holdout tracks.
    connection.execute(text(KEEP_SPLITS), names)
    changed_trainings = connection.scalars(text(TRAININGS_ON_TRACKS), names).all()
    connection.execute(text("DELETE FROM tracks WHERE id = ANY(:tracks)"), names)
    count_training_tracks(connection, changed_trainings)
    return RemovedContent(tracks=len(tracks), clips=len(clips), audio=audio, spectrograms=spectrograms)


def _files_of(
    connection: Connection, clip_ids: Sequence[int]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Audio and spectrogram files of these clips alone; clips of the same audio share their files."""
    names = {"clips": list(clip_ids)}
    audio = connection.scalars(
        text("""
            SELECT DISTINCT uri FROM clips c
             WHERE id = ANY(:clips) AND uri LIKE 'store:%'
               AND NOT EXISTS (SELECT FROM clips o WHERE o.uri = c.uri AND o.id <> ALL(:clips))
        """),
        names,
    ).all()
    spectrograms = connection.execute(
        text("""
            SELECT DISTINCT r.fingerprint, s.path
              FROM spectrograms s JOIN spectrogram_configs r ON r.id = s.config_id
             WHERE s.clip_id = ANY(:clips)
               AND NOT EXISTS (SELECT FROM spectrograms o
                                WHERE (o.config_id, o.path) = (s.config_id, s.path) AND o.clip_id <> ALL(:clips))
        """),
        names,
    ).all()
    return tuple(audio), tuple((row.fingerprint, row.path) for row in spectrograms)
