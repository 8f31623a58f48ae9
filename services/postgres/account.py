"""The user that PostgreSQL runs as, and the folders that this user owns.

PostgreSQL refuses to run as root, so root's server runs as `nobody`. Root opens its folders and passes the descriptors:
`nobody` needs no rights on the folders above, and no symbolic link is followed when their owner changes.
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
    """A user and its group; `lent` where it is not the user of this process."""

    uid: int
    gid: int
    lent: bool

    @classmethod
    def of_server(cls) -> Self:
        """The account of the server: `nobody` under root, else the user of this process."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), lent=False)
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid, lent=True)

    @property
    def name(self) -> str:
        return user_name(self.uid)

    @property
    def options(self) -> dict[str, Any]:
        """Options of subprocess to run as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.lent else {}

    def path(self, descriptor: int, path: Path) -> str:
        """The path of an open folder for a process of this user; only on Linux without rights on the folders above."""
        return f"/proc/self/fd/{descriptor}" if self.lent and sys.platform == "linux" else str(path)

    def inherited(self, *descriptors: int) -> tuple[int, ...]:
        """The descriptors that a process of this user has to inherit."""
        return descriptors if self.lent else ()


@contextmanager
def opened(folder: Path, account: Account) -> Iterator[int]:
    """A descriptor of the folder. The account owns the folder with all contents, and no other user has rights on it.

    No link is followed. Raises PlaceRefused where the folder is a link or, as root, belongs to a third user.
    """
    descriptor = open_folder(folder, owner=account.uid)
    try:
        if account.lent and os.fstat(descriptor).st_uid != account.uid:
            _change_owner(descriptor, account)
        os.fchmod(descriptor, FOLDER_MODE)
        yield descriptor
    finally:
        os.close(descriptor)


def _change_owner(folder: int, account: Account) -> None:
    for _, folders, names, here in os.fwalk(".", dir_fd=folder):
        for name in (*folders, *names):
            os.chown(name, account.uid, account.gid, dir_fd=here, follow_symlinks=False)
    os.fchown(folder, account.uid, account.gid)  # the folder itself last: an interrupted call starts over
