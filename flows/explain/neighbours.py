"""The tracks of a label that are most similar to some music, without other files of the same recording."""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection

from db import read
from db.read.embeddings import SimilarTrack
from db.read.learning import LabelName
from flows.explain.music import Music
from flows.explain.request import Request
from ml.features.fingerprint import FINGERPRINT_VERSION, fingerprint, same_recording

NUMBER: Final = 3
MORE: Final = 9  # candidates beyond that: some may be the same recording


def nearest(
    connection: Connection, label: LabelName, embedding: str, request: Request, music: Music
) -> list[SimilarTrack]:
    """At most three tracks of the label, the most similar first.

    The same recording is one with the same artists and title, or with a common part of the sound.
    """
    candidates = read.embeddings.similar_of_label(
        connection, embedding, label.id, request.track_id, NUMBER + MORE
    )
    same = _same_sound(connection, [track.track_id for track in candidates], music)
    others = [track for track in candidates if track.track_id not in same and not _same_name(track, request)]
    return others[:NUMBER]


def _same_sound(connection: Connection, track_ids: Sequence[int], music: Music) -> set[int]:
    """Those of these tracks that share a part of the sound."""
    landmarks = [fingerprint(clip.spectrogram).landmarks for clip in music.clips]
    stored = read.splits.fingerprints_of_tracks(connection, track_ids, FINGERPRINT_VERSION)
    return {row.track_id for row in stored if _any_same(row.landmarks, landmarks)}


def _any_same(landmarks: bytes, others: Iterable[bytes]) -> bool:
    return any(same_recording(landmarks, other) for other in others)


def _same_name(track: SimilarTrack, request: Request) -> bool:
    named = (request.artists or "", request.title or "")
    return all(named) and (
        ((track.artists or "").casefold(), track.title.casefold()) == tuple(part.casefold() for part in named)
    )
