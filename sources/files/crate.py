"""A crate: a folder of audio files with a sub-folder for each label, `crate/<label>/…/track.flac`."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from common.files import describe
from common.text import slug_of
from sound.errors import AudioError
from sources.errors import CrateError, Unavailable, UnusableError
from sources.files.entries import read_entry
from sources.files.listing import Listed, holds_audio, list_audio, list_direct, snapshot_of
from sources.files.names import is_dropped_folder
from sources.metadata.tags import clean_text
from sources.records import (
    Entry,
    KnownHashes,
    Label,
    Playlist,
    Reference,
    Rejection,
    path_of,
)

NO_LABEL: Final = UnusableError(
    "no_label", "is beside the label folders", "move it into the folder of its label"
)
TO_FOLDERS: Final = "move each audio file into a sub-folder named after its label"


@dataclass(frozen=True, slots=True)
class FolderSource:
    """The crate at `root` as a source: a playlist for each direct sub-folder, a track for each audio file.

    An audio file beside these folders has no label: it is a rejection of the first playlist.
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
        strays = list_direct(folders[0].parent)
        playlists: list[Playlist] = []
        for folder in folders:
            label = self.labels.get(folder.name) or _label_of(folder.name)
            playlists.append(self._playlist(folder, label, strays=[] if playlists else strays))
        # An unmounted disk looks like this too, so an empty crate is an error.
        if not any(playlist.raw["audio_files"] for playlist in playlists):
            raise CrateError(_no_audio(self.root, strays))
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

    def _playlist(
        self, folder: Path, label: Label, external_id: str | None = None, strays: Sequence[Listed] = ()
    ) -> Playlist:
        """The playlist of a folder. `strays`: the files beside the label folders, which it reports."""
        files = list_audio(folder)
        return Playlist(
            provider=self.provider,
            external_id=external_id or folder.as_uri(),
            name=label.name,
            label=label,
            snapshot_id=snapshot_of(folder, [*files, *strays], header=f"windows={self.windows}"),
            raw={"folder": clean_text(folder), "audio_files": len(files), "strays": len(strays)},
        )

    def entries(self, playlist: Playlist, known_hashes: KnownHashes) -> Iterator[Entry | Rejection]:
        """Yield each audio file of the playlist's folder, in the order of the paths' bytes; then files without a label.

        Reasons for rejection: empty, duplicate, not_a_file, dead_link, unfinished, no_label, and those of
        `sound.errors`; those that may pass before the next run: changed, vanished, unreadable.
        """
        folder = path_of(playlist.external_id)
        first_paths: dict[str, str] = {}  # external id -> the first path with that content
        for listed in list_audio(folder):
            shown, payload = _shown(listed, folder.parent)
            result: Entry | Rejection
            try:
                result = read_entry(listed, payload, known_hashes, self.provider, self.windows)
                if first := first_paths.get(result.track.external_id):
                    raise UnusableError(
                        "duplicate", f"has the same bytes as {first}", "remove one of the two"
                    )
                first_paths[result.track.external_id] = shown
            except (UnusableError, AudioError) as problem:
                uri = Path(listed.path).as_uri()
                result = Rejection(uri, problem.reason, problem.sentence(shown), payload)
            yield result
        if playlist.raw.get("strays"):
            yield from _without_label(folder.parent)


def _shown(listed: Listed, crate: Path) -> tuple[str, dict[str, Any]]:
    """(path within the crate, payload of a record) of a file."""
    shown = clean_text(os.path.relpath(listed.path, crate))
    return shown, {"path": shown, "bytes": listed.size, "modified_ns": listed.modified_ns}


def _without_label(crate: Path) -> Iterator[Rejection]:
    """A rejection for each audio file directly in the crate."""
    for listed in list_direct(crate):
        shown, payload = _shown(listed, crate)
        yield Rejection(Path(listed.path).as_uri(), NO_LABEL.reason, NO_LABEL.sentence(shown), payload)


def label_folders(root: Path) -> list[Path]:
    """The crate's direct sub-folders, sorted by name. Raises CrateError.

    Folders of other programs are left out, see `sources.files.names`; those whose name begins with a dot are labels
    where they hold audio.
    """
    root = Path(os.path.realpath(root.expanduser()))
    try:
        children = sorted(root.iterdir(), key=os.fsencode)
        folders = [child for child in children if child.is_dir() and not is_dropped_folder(child.name)]
    except OSError as error:
        cure = "name a folder that has a sub-folder for each label"
        if isinstance(error, NotADirectoryError):
            cure += ", or see what one file sounds like with `labelscope predict FILE`"
        raise CrateError(f"No crate at {_show(root)} ({describe(error)}); {cure}.") from error
    labels = [folder for folder in folders if not folder.name.startswith(".") or holds_audio(folder)]
    if not labels:
        raise CrateError(_no_label(root))
    return labels


def _no_label(root: Path) -> str:
    """The sentence for a crate without a label folder."""
    strays = list_direct(root)
    if not strays:
        return f"No label in the crate {_show(root)}; make a sub-folder for each label, its audio inside."
    return f"No label in the crate {_show(root)}, where {_amount(strays)}; {TO_FOLDERS}."


def _no_audio(root: Path, strays: Sequence[Listed]) -> str:
    """The sentence for a crate whose label folders hold no audio."""
    if not strays:
        return f"No audio in the crate {_show(root)}; put music into its label folders."
    return f"No audio in the label folders of {_show(root)}, beside which {_amount(strays)}; {TO_FOLDERS}."


def _amount(strays: Sequence[Listed]) -> str:
    """Such as "'a.mp3' and 2 other audio files are"."""
    name, others = _show(Path(strays[0].path).name), len(strays) - 1
    return (
        f"{name} and {others} other audio {'files' if others > 1 else 'file'} are" if others else f"{name} is"
    )


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
