"""Folders that must stay as they are, and other users of the machine."""

import os
from pathlib import Path

import pytest

NOBODY = 65534
ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away and be another user")


def modes(folder: Path) -> set[int]:
    """The modes of all regular files and folders."""
    paths = [folder, *folder.rglob("*")]
    return {path.stat().st_mode & 0o777 for path in paths if path.is_dir() or path.is_file()}


def foreign_folder(base: Path) -> Path:
    """A folder that has nothing to do with Labelscope, and must stay as it is."""
    folder = base / "foreign"
    folder.mkdir(mode=0o755)
    (folder / "file").write_text("mine")
    (folder / "file").chmod(0o644)
    return folder


def state_of(folder: Path) -> list[tuple[Path, int, int, int]]:
    """Path, owner, mode and size in bytes of a folder and of all that is in it."""
    paths = [folder, *sorted(folder.rglob("*"))]
    return [(path, path.stat().st_uid, path.stat().st_mode, path.stat().st_size) for path in paths]
