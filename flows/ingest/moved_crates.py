"""Recognise a crate that was moved or copied, by its content: it must not count twice."""

import os
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from db import read, write
from db.read.crates import Crate
from sources.errors import CrateError
from sources.files.recognise import known_content
from sources.metadata.tags import clean_text
from sources.records import KnownHashes, path_of

# A folder with at least this share of a crate's files is a copy of it, or its new place.
SAME_CRATE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Recognised:
    """Former paths of a crate that was moved, and the hashes of files that were recognised."""

    moved_from: tuple[Path, ...] = ()
    hashes: KnownHashes = field(default_factory=dict)


def recognise_crate(engine: Engine, root: Path) -> Recognised:
    """Compare the crate at `root` with the crates in the database, unless it is one of them; follow its move.

    A crate whose folder is gone and whose whole content is below `root` was moved there: its rows follow. Reads the
    sizes and times of all files, and the content of those whose size is known but not their place.

    Raises CrateError where half of another crate's content or more is below `root`, and the other folder is still
    there, or content is missing: somebody has to decide.
    """
    root = Path(os.path.realpath(root.expanduser()))
    with engine.connect() as connection:
        crates = read.crates.crates(connection)
    if root.as_uri() in {crate.uri for crate in crates}:
        return Recognised()
    recognised = Recognised()
    for crate in crates:
        hashes = _content_found(engine, crate, root)
        if hashes is not None:
            _move(engine, crate, root)
            moved_from = (*recognised.moved_from, path_of(crate.uri))
            recognised = Recognised(moved_from, {**recognised.hashes, **hashes})
    return recognised


def _content_found(engine: Engine, crate: Crate, root: Path) -> KnownHashes | None:
    """The hashes of the crate's files below `root` if it was moved there; None if it was not. Raises CrateError."""
    with engine.connect() as connection:
        files = read.crates.crate_files(connection, crate.uri)
    contents = set(files.values())
    hashes = known_content(root, path_of(crate.uri), files)
    found = len(set(hashes.values()))
    if not contents or found < SAME_CRATE * len(contents):
        return None
    is_there = path_of(crate.uri).is_dir()
    if found == len(contents) and not is_there:
        return hashes
    raise CrateError(_question(path_of(crate.uri), root, found, len(contents), is_there=is_there))


def _question(old: Path, new: Path, found: int, files: int, *, is_there: bool) -> str:
    """Such as "'/b' holds 58 of the 60 files of the crate '/a', which is gone; …"."""
    how_many = f"all {files} files" if found == files else f"{found} of the {files} files"
    state = "still there" if is_there else "gone"
    return (
        f"{_shown(new)} holds {how_many} of the crate {_shown(old)}, which is {state}. If it replaces that crate, run"
        f" `labelscope crates move {_quoted(old)} {_quoted(new)}`; if that one shall no longer count, run"
        f" `labelscope crates forget {_quoted(old)}`."
    )


def _move(engine: Engine, crate: Crate, root: Path) -> None:
    with engine.begin() as connection:
        write.playlists.move_crate(connection, crate.uri, root.as_uri())


def _shown(path: Path) -> str:
    return f"'{clean_text(path)}'"


def _quoted(path: Path) -> str:
    """The path as a shell takes it."""
    return shlex.quote(clean_text(path))
