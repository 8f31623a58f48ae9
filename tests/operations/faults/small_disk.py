"""A home on a file system of its own, to be filled and made read-only. Only root can mount one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

STORES = ("audio", "spectrograms", "models")
MEBIBYTE = 2**20


def can_mount() -> bool:
    return os.geteuid() == 0 and Path("/proc/mounts").exists()


@dataclass(frozen=True)
class SmallDisk:
    """A disk mounted at `home`. Each store is a bind mount on itself, so that it can be made read-only."""

    home: Path
    stores: tuple[str, ...] = STORES

    @property
    def _filler(self) -> Path:
        return self.home / "somebody-elses-files"

    def fill(self) -> None:
        """Fill the free space with a file of another program, which grows with each call."""
        with self._filler.open("ab", buffering=0) as file:
            for size in (MEBIBYTE, 4096):
                with suppress(OSError):
                    while True:
                        file.write(bytes(size))

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)

    def make_read_only(self, store: str) -> bool:
        """Whether it could be done: not while a file is being written there."""
        return _mount("-o", "remount,bind,ro", self.home / store)

    def make_writable(self) -> None:
        for store in self.stores:
            assert _mount("-o", "remount,bind,rw", self.home / store)


@contextmanager
def small_disk(home: Path, mebibytes: int, stores: tuple[str, ...] = STORES) -> Iterator[SmallDisk]:
    """A disk of this size, mounted for the block. All processes that use it have to end before."""
    home.mkdir()
    assert _mount("-t", "tmpfs", "-o", f"size={mebibytes}m,mode=755", "labelscope-test", home)
    mounted = [home]
    try:
        for store in stores:
            (home / store).mkdir()
            assert _mount("--bind", home / store, home / store)
            mounted.append(home / store)
        yield SmallDisk(home, stores)
    finally:
        for place in reversed(mounted):
            subprocess.run(["umount", "--lazy", place], check=True)


def _mount(*arguments: str | Path) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0
