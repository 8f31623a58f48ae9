"""A crate: a folder of audio files with a sub-folder for each label, `crate/<label>/…/track.flac`."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.files import describe, has_changed, sha256_of
from common.text import slug_of
from sound.errors import AudioError
from sound.probe import Sound, probe
from sources.errors import CrateError, Unavailable, UnusableError
from sources.files.clips import cut_clips
from sources.files.listing import ENDINGS, Listed, explain, list_audio, snapshot_of
from sources.metadata.tags import Tags, artist_key, clean_text, collect, description_of, read_tags
from sources.records import (
    Artist,
    AudioFile,
    Entry,
    KnownHashes,
    Label,
    Playlist,
    Reference,
    Rejection,
    Track,
    path_of,
)


@dataclass(frozen=True, slots=True)
class FolderSource:
    """The crate at `root` as a source: a playlist for each direct sub-folder, a track for each audio file.

    A track is identified by the sha256 of its file. So the same file under two labels is one track, and moving or
    renaming a file changes nothing. A file longer than 45 s gives up to `windows` clips of 30 s. `labels` (folder
    name -> label) replaces the labels that are named after folders.
    """

    root: Path
    windows: int = 3
    provider: str = "folder"
    labels: Mapping[str, Label] = field(default_factory=dict)

    def playlists(self) -> list[Playlist]:
        """One playlist per sub-folder. Costs one stat a file. Raises CrateError without any audio."""
        folders = label_folders(self.root)
        playlists = []
        audio_files = 0
        for folder in folders:
            label = self.labels.get(folder.name) or _label_of(folder.name)
            playlists.append(self._playlist(folder, label))
            audio_files += playlists[-1].raw["audio_files"]
        # An unmounted disk looks like this too, so an empty crate is an error.
        if not audio_files:
            endings = ", ".join(ENDINGS)
            raise CrateError(
                f"No audio in the crate {_show(self.root)}; put {endings} files into its label folders."
            )
        _refuse_equal_slugs(playlists)
        return playlists

    def fetch_playlist(self, reference: Reference) -> Playlist:
        """The playlist of one folder; its external id is the `file:` uri. Raises Unavailable."""
        folder = Path(os.path.realpath(path_of(reference.external_id)))
        if not folder.is_dir():
            raise Unavailable(
                f"There is no folder {_show(folder)}; put it back, or correct its name.", "gone"
            )
        return self._playlist(folder, reference.label, reference.external_id)

    def _playlist(self, folder: Path, label: Label, external_id: str | None = None) -> Playlist:
        files = list_audio(folder)
        return Playlist(
            provider=self.provider,
            external_id=external_id or folder.as_uri(),
            name=label.name,
            label=label,
            snapshot_id=snapshot_of(folder, files, header=f"windows={self.windows}"),
            raw={"folder": clean_text(folder), "audio_files": len(files)},
        )

    def entries(self, playlist: Playlist, known_hashes: KnownHashes) -> Iterator[Entry | Rejection]:
        """Yield each audio file of the playlist's folder, in the order of the paths' bytes.

        Reasons for rejection: empty, not_audio, no_length, duplicate, not_a_file, dead_link; and those that may pass
        before the next run: changed, vanished, unreadable.
        """
        folder = path_of(playlist.external_id)
        first_paths: dict[str, str] = {}  # external id -> the first path with that content
        for listed in list_audio(folder):
            shown = clean_text(os.path.relpath(listed.path, folder.parent))
            payload = {"path": shown, "bytes": listed.size, "modified_ns": listed.modified_ns}
            result: Entry | Rejection
            try:
                result = self._read(listed, payload, known_hashes)
                if first := first_paths.get(result.track.external_id):
                    raise UnusableError(
                        "duplicate", f"has the same bytes as {first}", "remove one of the two"
                    )
                first_paths[result.track.external_id] = shown
            except (UnusableError, AudioError) as problem:
                uri = Path(listed.path).as_uri()
                result = Rejection(uri, problem.reason, problem.sentence(shown), payload)
            yield result

    def _read(self, listed: Listed, payload: dict[str, Any], known_hashes: KnownHashes) -> Entry:
        """One file as an entry. Raises UnusableError or AudioError."""
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
        tags = collect(sound.tags.items()) | tags
        description = description_of(tags, path.stem)
        track = Track(
            provider=self.provider,
            external_id=f"sha256:{sha256}",
            title=description.title,
            artists=tuple(Artist(self.provider, artist_key(name), name) for name in description.artists),
            album=description.album,
            isrc=description.isrc,
            duration_s=sound.duration_s,
            release_date=description.release_date,
            raw=payload | {"audio": sound.format, "tags": tags},
        )
        file = AudioFile(
            provider=self.provider,
            uri=path.as_uri(),
            sha256=sha256,
            bytes=listed.size,
            modified_ns=listed.modified_ns,
            duration_s=sound.duration_s,
            licence=description.licence,
        )
        return Entry(track, cut_clips(file, self.windows))


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
    return sha256, tags, sound


def _require_unchanged(path: Path, listed: Listed) -> None:
    path.stat()  # raises OSError for a removed file, whose reason is "vanished"
    if has_changed(path, listed.state):
        raise UnusableError("changed", "changed while it was read", "run again once it is written completely")


def label_folders(root: Path) -> list[Path]:
    """The crate's direct sub-folders, sorted by name, without hidden ones. Raises CrateError."""
    root = Path(os.path.realpath(root.expanduser()))
    try:
        children = sorted(
            (child for child in root.iterdir() if not child.name.startswith(".")), key=os.fsencode
        )
        folders = [child for child in children if child.is_dir()]
    except OSError as error:
        cure = "name a folder that has a sub-folder for each label"
        raise CrateError(f"No crate at {_show(root)} ({describe(error)}); {cure}.") from error
    stray = [child for child in children if child.name.lower().endswith(ENDINGS) and child not in folders]
    if stray:
        others = len(stray) - 1
        files = "files" if others > 1 else "file"
        verb = f"and {others} other audio {files} are" if others else "is"
        raise CrateError(
            f"{_show(stray[0].name)} {verb} directly in the crate {_show(root)};"
            " move each audio file into a sub-folder named after its label."
        )
    if not folders:
        raise CrateError(
            f"No label in the crate {_show(root)}; make a sub-folder for each label, its audio inside."
        )
    return folders


def _label_of(folder: str) -> Label:
    return Label(slug_of(folder), clean_text(folder))


def _refuse_equal_slugs(playlists: list[Playlist]) -> None:
    by_slug: dict[str, Playlist] = {}
    for playlist in playlists:
        other = by_slug.setdefault(playlist.label.slug, playlist)
        if other is not playlist:
            raise CrateError(
                f"The folders {_show(other.name)} and {_show(playlist.name)} would both be the label "
                f"{playlist.label.slug!r}; rename one of them, or put them together."
            )


def _show(path: Path | str) -> str:
    return f"'{clean_text(path)}'"
