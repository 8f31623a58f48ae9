"""Queries of tracks for playlists, with what DJ programs show of them, and of the nearest tracks to several."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, text

from db.read.rows import typed_rows
from db.read.tracks.names import CREDIT


class PlaylistRow(NamedTuple):
    """A track of a playlist; `uri` is that of a local file, `key` 0 (C) to 11 (B), `mode` 1 major or 0 minor."""

    track_id: int
    artists: str | None
    title: str
    album: str | None
    uri: str | None
    duration_s: float | None
    tempo_bpm: float | None
    key: int | None
    mode: int | None


def playlist_rows(connection: Connection, track_ids: Sequence[int]) -> list[PlaylistRow]:
    """The tracks with these ids, in their order; ids of no track are left out."""
    result = connection.execute(
        text(f"""
            SELECT t.id AS track_id, {CREDIT} AS artists, t.title, t.album, audio.uri,
                   t.duration_s::float8 AS duration_s, feature.tempo_bpm, feature.key, feature.mode
              FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS chosen (id, position)
              JOIN tracks t ON t.id = chosen.id
              LEFT JOIN LATERAL (SELECT uri FROM clips
                                  WHERE track_id = t.id AND uri LIKE 'file:%'
                                  ORDER BY id LIMIT 1) AS audio ON true
              LEFT JOIN LATERAL (SELECT f.tempo_bpm, f.key, f.mode
                                   FROM audio_features f LEFT JOIN clips c ON c.id = f.clip_id
                                  WHERE f.track_id = t.id
                                  ORDER BY array_position(ARRAY['spotify', 'reccobeats'], f.origin),
                                           c.offset_s, f.id DESC
                                  LIMIT 1) AS feature ON true
             ORDER BY chosen.position
        """),
        {"ids": list(track_ids)},
    )
    return typed_rows(PlaylistRow, result)


def mean_embedding(connection: Connection, track_ids: Sequence[int]) -> str | None:
    """The mean embedding of tracks by the champion, as pgvector's text; None where no track has one."""
    mean: str | None = connection.scalar(
        text("""
            SELECT CAST(avg(e.embedding) AS text)
              FROM embeddings e JOIN models m ON m.id = e.model_id AND m.status = 'champion'
             WHERE e.track_id = ANY(:tracks)
        """),
        {"tracks": list(track_ids)},
    )
    return mean


def nearest_track_ids(connection: Connection, embedding: str, without: Sequence[int]) -> Iterator[int]:
    """Ids of tracks by distance from an embedding by the champion (pgvector's text), the nearest first.

    Tracks in `without` are left out. Rows are streamed, so the cost grows with the rows that are taken.
    """
    # A filter of the caller may take many rows: the search of the index then goes on, in the exact order.
    for setting, value in (
        ("hnsw.iterative_scan", "strict_order"),
        ("hnsw.ef_search", "100"),
        ("hnsw.max_scan_tuples", "2147483647"),
    ):
        connection.execute(
            text("SELECT set_config(:setting, :value, true)"), {"setting": setting, "value": value}
        )
    yield from connection.execution_options(stream_results=True).scalars(
        text("""
            SELECT e.track_id FROM embeddings e
             WHERE e.model_id = (SELECT id FROM models WHERE status = 'champion')
               AND NOT e.track_id = ANY(:without)
               -- A scalar subquery, since a join would cost the index on embeddings.
               AND (SELECT true FROM playlist_tracks pt
                     WHERE pt.track_id = e.track_id AND pt.removed_at IS NULL LIMIT 1)
             ORDER BY e.embedding <=> CAST(:embedding AS vector)
        """),
        {"without": list(without), "embedding": embedding},
    )


def embeddings_of(connection: Connection, track_ids: Sequence[int]) -> dict[int, list[float]]:
    """Track id -> its embedding by the champion, 256 numbers; tracks without one are left out."""
    result = connection.execute(
        text("""
            SELECT e.track_id, CAST(e.embedding AS real[]) AS embedding
              FROM embeddings e JOIN models m ON m.id = e.model_id AND m.status = 'champion'
             WHERE e.track_id = ANY(:ids)
        """),
        {"ids": list(track_ids)},
    )
    return {row.track_id: row.embedding for row in result}


def latest_mix_of(connection: Connection, sha256: str) -> int | None:
    """The id of the newest analysis of this file, or None."""
    mix_id: int | None = connection.scalar(
        text("SELECT max(id) FROM mixes WHERE status = 'analysed' AND sha256 = :sha256"), {"sha256": sha256}
    )
    return mix_id
