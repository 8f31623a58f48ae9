"""Find known content below a folder: that of a crate which was moved or copied there."""

from pathlib import Path

from common.files import sha256_if_readable
from sources.files.listing import list_audio
from sources.records import KnownHashes, path_of


def known_content(folder: Path, crate: Path, known: KnownHashes) -> KnownHashes:
    """The audio files below `folder` with the content of one of the `known` files, which lay below `crate`.

    A file at the same place in its crate with the size and time of a known one is taken for it, as at every ingest. Of
    the others those of a known size are hashed.
    """
    by_place = {
        (_place(path_of(uri), crate), size, modified_ns): sha256
        for (uri, size, modified_ns), sha256 in known.items()
    }
    sizes, hashes = {size for _, size, _ in known}, set(known.values())
    found: dict[tuple[str, int, int], str] = {}
    for listed in list_audio(folder):
        path = Path(listed.path)
        sha256 = by_place.get((_place(path, folder), listed.size, listed.modified_ns))
        if sha256 is None and listed.size in sizes:
            sha256 = sha256_if_readable(path)
        if sha256 in hashes:
            found[path.as_uri(), listed.size, listed.modified_ns] = sha256
    return found


def _place(path: Path, crate: Path) -> Path | None:
    """The path of a file within a crate; None outside of it."""
    return path.relative_to(crate) if path.is_relative_to(crate) else None
