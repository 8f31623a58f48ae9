"""The folder of a backup.

    manifest.json          what it holds
    files/<ab>/<sha256>    the dump of the database, and every file once, named by its content
    lock                   held by the backup that is being made

A folder holds one backup, the last that was completed. The next backup into it adds new files, then replaces the
manifest, then deletes files that are no longer named. So the manifest only ever names whole files, also after a kill.
"""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from common.errors import LabelscopeError
from common.files import DRAFT_SUFFIX
from services.private import PlaceRefused, make_folder, make_private, open_file, open_regular

MANIFEST, FILES, LOCK = "manifest.json", "files", "lock"
BACKUP_NAMES = {MANIFEST, MANIFEST + DRAFT_SUFFIX, FILES, LOCK}
FORMAT = 1
SAVED_FOLDERS = ("audio", "models", "spectrograms")
"""Folders of the home whose files a backup saves."""
SHA256 = re.compile(r"[0-9a-f]{64}")


class BackupError(LabelscopeError):
    """Nothing could be saved or restored, and nothing was changed. The message is one sentence with the cure."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the home, as rows name it."""

    path: str  # relative to the home, with slashes
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of a backup."""

    made_at: str  # ISO 8601, UTC
    schema: str  # revision of the last migration of the database
    database: str  # sha256 of the dump
    files: tuple[StoredFile, ...]
    missing: tuple[StoredFile, ...]  # named by rows, but missing or damaged at the time of the backup


def stored_path(folder: Path, sha256: str) -> Path:
    """The path of the file with that sha256 in a backup."""
    return folder / FILES / sha256[:2] / sha256


def is_inside(folder: Path, path: Path) -> bool:
    """Whether `path`, below the folder, is reached without a symbolic link."""
    return path.resolve() == folder.resolve() / path.relative_to(folder)


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Make the folder if missing, private to its owner, and lock it against other backups for the block.

    Raises BackupError where it cannot be written, holds other files, or is locked.
    """
    try:
        others = {path.name for path in folder.iterdir()} - BACKUP_NAMES if folder.exists() else set()
        if others:
            raise BackupError(f"{folder} holds other things, such as {min(others)}: name an empty folder.")
        for each in (folder, folder / FILES):
            make_folder(each)
        make_private(folder)
        descriptor = open_file(folder / LOCK, os.O_RDWR | os.O_CREAT)
    except PlaceRefused as error:
        raise BackupError(error.sentence) from error
    except OSError as error:
        raise BackupError(f"{folder} cannot be written: {error.strerror}; name another folder.") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"Another backup into {folder} is being made: wait for its end.") from None
        yield
    finally:
        os.close(descriptor)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest, and delete the files that it does not name."""
    content = asdict(manifest)
    document = {"format": FORMAT, "sha256": _digest(content), "manifest": content}
    draft = folder / (MANIFEST + DRAFT_SUFFIX)
    with os.fdopen(open_file(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w") as writing:
        writing.write(json.dumps(document, indent=1))
    # After a power cut no manifest may name files that are lost.
    os.sync()
    draft.replace(folder / MANIFEST)
    named = {manifest.database, *(file.sha256 for file in manifest.files)}
    for file in (folder / FILES).glob("??/*"):
        if SHA256.fullmatch(file.name.removesuffix(DRAFT_SUFFIX)) and file.name not in named:
            file.unlink()


def read_manifest(folder: Path) -> Manifest:
    """The manifest in the folder. Raises BackupError where there is none, or it was changed or is too new."""
    try:
        with os.fdopen(open_regular(folder / MANIFEST), "rb") as reading:
            document = json.load(reading)
        content = document["manifest"]
        if document["format"] > FORMAT:
            raise BackupError(f"The backup in {folder} is of a newer Labelscope: update this one.")
        if document["sha256"] != _digest(content):
            raise ValueError("it was changed")
        if not SHA256.fullmatch(content["database"]):
            raise ValueError("it names no dump")
        lists = {name: tuple(map(_stored_file, content[name])) for name in ("files", "missing")}
        return Manifest(**content | lists)
    except (FileNotFoundError, NotADirectoryError):
        raise BackupError(
            f"There is no complete backup in {folder}: name the folder that `labelscope backup` was given."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{folder / MANIFEST} is damaged ({error}): use another backup.") from error


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _stored_file(row: dict[str, Any]) -> StoredFile:
    """A file of a manifest. Raises ValueError where its path would lead a restore out of the saved folders."""
    file = StoredFile(**row)
    parts = PurePosixPath(file.path).parts
    inside = len(parts) > 1 and parts[0] in SAVED_FOLDERS
    # JSON may hold lone surrogates, which are no file name; encode raises ValueError.
    file.path.encode()
    if not inside or ".." in parts or "\0" in file.path or not SHA256.fullmatch(file.sha256):
        raise ValueError(f"it names {file.path!r}")
    return file
