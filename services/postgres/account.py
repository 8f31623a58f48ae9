"""The user that PostgreSQL runs as, and the folders that are given to that user.

PostgreSQL refuses to run as root. Root's server runs as `nobody`, and reaches its folders by descriptors that root has
opened: so it needs no right to pass the folders above, and nothing is ever given away through a symbolic link.
"""

import os
import pwd
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from services.private import FOLDER_MODE, open_folder, user_name


@dataclass(frozen=True, slots=True)
class Account:
    """A user and its group; `lent` where it is another one than the user of this process."""

    uid: int
    gid: int
    lent: bool

    @classmethod
    def of_server(cls) -> Self:
        """`nobody` under root, else the user of this process."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), lent=False)
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid, lent=True)

    @property
    def name(self) -> str:
        return user_name(self.uid)

    @property
    def options(self) -> dict[str, Any]:
        """For subprocess: run as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.lent else {}

    def path(self, descriptor: int, path: Path) -> str:
        """How a process of this user names an open folder. Elsewhere than on Linux it has to pass the folders above."""
        return f"/proc/self/fd/{descriptor}" if self.lent and sys.platform == "linux" else str(path)

    def inherited(self, *descriptors: int) -> tuple[int, ...]:
        """The descriptors that such a process needs."""
        return descriptors if self.lent else ()


@contextmanager
def opened(folder: Path, account: Account) -> Iterator[int]:
    """A descriptor of the folder, which is the account's with all in it, and nobody else's. No link is followed.

    Raises PlaceRefused where it is a link or, as root, belongs to a third user.
    """
    descriptor = open_folder(folder, owner=account.uid)
    try:
        if account.lent and os.fstat(descriptor).st_uid != account.uid:
            _give(descriptor, account)
        os.fchmod(descriptor, FOLDER_MODE)
        yield descriptor
    finally:
        os.close(descriptor)


def _give(folder: int, account: Account) -> None:
    for _, folders, names, here in os.fwalk(".", dir_fd=folder):
        for name in (*folders, *names):
            os.chown(name, account.uid, account.gid, dir_fd=here, follow_symlinks=False)
    os.fchown(folder, account.uid, account.gid)  # itself last: an interrupted round starts over
