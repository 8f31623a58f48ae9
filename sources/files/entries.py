"""One audio file as an entry: its tags, its checksum and its clips."""

from pathlib import Path
from typing import Any

from common.files import has_changed, sha256_of
from sound.clips import plan_clips
from sound.probe import Sound, probe
from sources.errors import UnusableError
from sources.files.listing import Listed, explain
from sources.files.names import stem_of
from sources.metadata.tags import Tags, artist_key, completed, description_of, read_tags
from sources.records import Artist, AudioClip, AudioFile, Entry, KnownHashes, Track


def read_entry(
    listed: Listed, payload: dict[str, Any], known_hashes: KnownHashes, provider: str, windows: int
) -> Entry:
    """A file as a track with up to `windows` clips. `payload` is added to the track's raw record.

    A track is identified by the sha256 of its file, which is computed only where `known_hashes` lacks it. Raises
    UnusableError (reasons: empty, not_a_file, dead_link, unfinished, changed, vanished, unreadable) or AudioError.
    """
    if listed.problem:
        raise listed.problem
    if listed.size == 0:
        raise UnusableError("empty", "is empty", "fetch it again, or remove it")
    path = Path(listed.path)
    known_sha256 = known_hashes.get((path.as_uri(), listed.size, listed.modified_ns))
    try:
        sha256, tags, sound = _read_file(path, listed, known_sha256)
    except OSError as error:
        raise explain(error) from error
    description = description_of(tags, stem_of(path.name))
    track = Track(
        provider=provider,
        external_id=f"sha256:{sha256}",
        title=description.title,
        artists=tuple(Artist(provider, artist_key(name), name) for name in description.artists),
        album=description.album,
        isrc=description.isrc,
        duration_s=sound.duration_s,
        release_date=description.release_date,
        raw=payload | {"audio": sound.format, "tags": tags},
    )
    file = AudioFile(
        provider=provider,
        uri=path.as_uri(),
        sha256=sha256,
        bytes=listed.size,
        modified_ns=listed.modified_ns,
        duration_s=sound.duration_s,
        licence=description.licence,
    )
    return Entry(track, cut_clips(file, windows))


def cut_clips(file: AudioFile, windows: int) -> tuple[AudioClip, ...]:
    """The clips of a file as planned by `plan_clips`."""
    return tuple(
        AudioClip(file, offset_s, duration_s) for offset_s, duration_s in plan_clips(file.duration_s, windows)
    )


def _read_file(path: Path, listed: Listed, known_sha256: str | None) -> tuple[str, Tags, Sound]:
    """(sha256, tags, sound) of a file. Raises OSError or AudioError."""
    with path.open("rb") as file:
        sha256 = known_sha256 or sha256_of(file)
        tags = read_tags(file)
    try:
        sound = probe(path)
    finally:
        # Comes before any error of `probe`: half a copy is not audio either.
        _require_unchanged(path, listed)
    return sha256, completed(tags, sound.tags), sound


def _require_unchanged(path: Path, listed: Listed) -> None:
    path.stat()  # raises OSError for a removed file, whose reason is "vanished"
    if has_changed(path, listed.state):
        raise UnusableError("changed", "changed while it was read", "run again once it is written completely")
