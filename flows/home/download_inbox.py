"""Where downloads wait until the database knows of them.

A run downloads into a folder of its own below `audio/incoming`, which it holds locked. A file moves to its place once
the row of its clip is committed. A run that is killed leaves its folder behind, no longer locked: the next run moves
what the database knows to its place and removes the rest. So no file is ever without its row for longer than that.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine

from db import read

INCOMING = "incoming"

StoredHashes = Callable[[list[str]], set[str]]  # `stored_clips` of a database


@contextmanager
def open_inbox(audio: Path, known: StoredHashes) -> Iterator[Path]:
    """A new folder to download into, below the folder of all audio; what dead runs left is put right first."""
    incoming = audio / INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    clear_dead_inboxes(audio, known)
    folder, descriptor = _make(incoming)
    try:
        yield folder
    finally:
        try:
            _put_right(
                folder, audio, known
            )  # Ctrl-C may have come between a commit and the moving of its files
        finally:
            os.close(descriptor)


def clear_dead_inboxes(audio: Path, known: StoredHashes) -> None:
    """Put right what dead runs have left."""
    with suppress(FileNotFoundError):  # nothing was ever downloaded
        for left in (audio / INCOMING).iterdir():
            _settle(left, audio, known)


def stored_clips(engine: Engine, hashes: list[str]) -> set[str]:
    """Those of some sha256 that belong to a clip whose audio Labelscope keeps."""
    with engine.connect() as connection:
        return read.providers.stored_clips(connection, hashes)


def move_to_store(files: Iterable[Path], audio: Path) -> None:
    """Move downloaded files, named by the sha256 of their content, to their places below the folder of all audio.

    Two tracks may share a preview, and two runs may have fetched it: the first to come is kept.
    """
    for file in files:
        place = audio / file.name[:2] / file.name
        place.parent.mkdir(exist_ok=True)
        try:
            file.replace(place)
        except FileNotFoundError:
            if not place.exists():
                raise


def _make(incoming: Path) -> tuple[Path, int]:
    while True:
        folder = incoming / uuid4().hex
        folder.mkdir()
        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if folder.exists():  # else another run took it for a dead one's, between its birth and its lock
            return folder, descriptor
        os.close(descriptor)


def _settle(folder: Path, audio: Path, known: StoredHashes) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return  # another run has put it right
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _put_right(folder, audio, known)
    except BlockingIOError:
        pass  # its run is alive
    finally:
        os.close(descriptor)


def _put_right(folder: Path, audio: Path, known: StoredHashes) -> None:
    """Move what the database knows to its place, and remove the rest with the folder, whose lock is ours."""
    whole = [file for file in folder.glob("*.*") if not file.name.endswith(".part")]
    rows = known([file.stem for file in whole]) if whole else set()
    move_to_store((file for file in whole if file.stem in rows), audio)
    shutil.rmtree(folder, ignore_errors=True)
