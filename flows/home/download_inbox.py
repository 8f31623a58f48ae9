"""Folders for downloads whose rows are not committed yet.

Each run downloads into its own locked folder below `audio/incoming` (its inbox). A file moves to the store, `audio/`,
once the row of its clip is committed. A killed run leaves an unlocked inbox: the next run moves files with a row to
the store and deletes the rest. So no file stays without a row.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine

from common.files import DRAFT_SUFFIX, delete_folder
from db import read

INCOMING = "incoming"

StoredHashes = Callable[[list[str]], set[str]]
"""Of some sha256, those that belong to a stored clip: `stored_clips` of an engine."""


@contextmanager
def open_inbox(audio: Path, stored_hashes: StoredHashes) -> Iterator[Path]:
    """A new locked folder for downloads below the folder `audio`. Clears the inboxes of dead runs first.

    At the end of the block, files with a row move to the store, and the inbox is deleted.
    """
    incoming = audio / INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    clear_dead_inboxes(audio, stored_hashes)
    folder, descriptor = _make_inbox(incoming)
    try:
        yield folder
    finally:
        try:
            # Ctrl-C may have come between a commit and the move of its files.
            _clear(folder, audio, stored_hashes)
        finally:
            os.close(descriptor)


def clear_dead_inboxes(audio: Path, stored_hashes: StoredHashes) -> None:
    """Move files with a row from the inboxes of dead runs to the store, and delete these inboxes."""
    with suppress(FileNotFoundError):  # nothing was ever downloaded
        for folder in (audio / INCOMING).iterdir():
            _clear_if_dead(folder, audio, stored_hashes)


def stored_clips(engine: Engine, hashes: list[str]) -> set[str]:
    """Of some sha256, those that belong to a clip whose audio is in the store."""
    with engine.connect() as connection:
        return read.providers.stored_clips(connection, hashes)


def move_to_store(files: Iterable[Path], audio: Path) -> None:
    """Move downloaded files, named by the sha256 of their content, to `<audio>/<first two digits>/`.

    Two tracks may share a preview, and two runs may have downloaded it: then the files are the same.
    """
    for file in files:
        target = audio / file.name[:2] / file.name
        target.parent.mkdir(exist_ok=True)
        try:
            file.replace(target)
        except FileNotFoundError:
            if not target.exists():
                raise


def _make_inbox(incoming: Path) -> tuple[Path, int]:
    while True:
        folder = incoming / uuid4().hex
        folder.mkdir()
        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Between its creation and its lock, another run may have deleted the folder as a dead run's.
        if folder.exists():
            return folder, descriptor
        os.close(descriptor)


def _clear_if_dead(folder: Path, audio: Path, stored_hashes: StoredHashes) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return  # another run has cleared it
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _clear(folder, audio, stored_hashes)
    except BlockingIOError:
        pass  # its run is alive
    finally:
        os.close(descriptor)


def _clear(folder: Path, audio: Path, stored_hashes: StoredHashes) -> None:
    """Move files with a row to the store, and delete the inbox. The caller holds its lock."""
    complete = [file for file in folder.glob("*.*") if not file.name.endswith(DRAFT_SUFFIX)]
    stored = stored_hashes([file.stem for file in complete]) if complete else set()
    move_to_store((file for file in complete if file.stem in stored), audio)
    delete_folder(folder)
