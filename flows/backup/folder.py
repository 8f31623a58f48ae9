"""What a backup is on disk.

    manifest.json          what it holds
    files/<ab>/<sha256>    the dump of the database, and every file once, named by its content
    lock                   held by the backup that is being made

A folder holds one backup: the last that came to its end. Another one into the same folder adds what is new, then puts
its manifest in the place of the former one, and at last removes what is no longer named. So at any moment the manifest
names whole files alone, whatever is killed.
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
OURS = {MANIFEST, MANIFEST + DRAFT_SUFFIX, FILES, LOCK}
FORMAT = 1
ROOMS = ("audio", "models", "spectrograms")  # folders of the home that a backup has files of
SHA256 = re.compile(r"[0-9a-f]{64}")


class BackupError(LabelscopeError):
    """Nothing could be saved or restored, and nothing was changed. The message is one sentence with the cure."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the home, as rows name it."""

    path: str  # below the home, with slashes
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    made_at: str  # ISO 8601, UTC
    schema: str  # the last migration that was applied to the database
    database: str  # sha256 of the dump
    files: tuple[StoredFile, ...]
    missing: tuple[StoredFile, ...]  # rows name them, yet they were lost when the backup was made


def place_of(folder: Path, sha256: str) -> Path:
    """Where a backup keeps the file with that content."""
    return folder / FILES / sha256[:2] / sha256


def is_inside(folder: Path, place: Path) -> bool:
    """Whether no link on the way from the folder to that place leads elsewhere."""
    return place.resolve() == folder.resolve() / place.relative_to(folder)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Make the folder unless it is there, for its owner alone, and let no other backup write to it for the block.

    Raises BackupError where it cannot be written, holds other things, or is taken.
    """
    try:
        others = {path.name for path in folder.iterdir()} - OURS if folder.exists() else set()
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
    """From here on this is what the folder holds; what it does not name is removed."""
    content = asdict(manifest)
    document = {"format": FORMAT, "sha256": _digest(content), "manifest": content}
    draft = folder / (MANIFEST + DRAFT_SUFFIX)
    with os.fdopen(open_file(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w") as writing:
        writing.write(json.dumps(document, indent=1))
    os.sync()  # a manifest must not outlive a loss of power that takes what it names
    draft.replace(folder / MANIFEST)
    named = {manifest.database, *(file.sha256 for file in manifest.files)}
    for file in (folder / FILES).glob("??/*"):
        if SHA256.fullmatch(file.name.removesuffix(DRAFT_SUFFIX)) and file.name not in named:
            file.unlink()


def read_manifest(folder: Path) -> Manifest:
    """What the folder holds. Raises BackupError where it holds no backup, or one that cannot be trusted."""
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


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _stored_file(row: dict[str, Any]) -> StoredFile:
    """Nothing that a manifest says may lead a restore out of the home."""
    file = StoredFile(**row)
    parts = PurePosixPath(file.path).parts
    below = parts[:1] in [(room,) for room in ROOMS] and len(parts) > 1
    file.path.encode()  # half a character of JSON is no name; ValueError
    if not below or ".." in parts or "\0" in file.path or not SHA256.fullmatch(file.sha256):
        raise ValueError(f"it names {file.path!r}")
    return file
