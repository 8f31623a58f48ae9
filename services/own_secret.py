"""A secret of a home in a file, for the owner only; made where there is none yet.

The keeper imports this module, so: the standard library only.
"""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from common.files import describe
from services.keeper import ServiceError
from services.private import FILE_MODE, OTHERS, PlaceRefused, make_folder, open_folder, open_regular


@dataclass(frozen=True, slots=True)
class OwnSecret:
    """The file with a secret."""

    path: Path  # directly below a folder of the home
    content: str  # what it is, for sentences: "login"
    cure: str  # how to make a new one, as the end of a sentence
    is_valid: Callable[[str], bool]

    def get(self, new: Callable[[], str]) -> str:
        """The secret, which `new` makes where there is none yet. Concurrent processes get the same one.

        Raises ServiceError where the file holds none, or belongs to another user.
        """
        while True:
            try:
                return self.read()
            except FileNotFoundError:
                self._make(new())

    def read(self) -> str:
        """The secret. Raises FileNotFoundError, or ServiceError where the file cannot be used."""
        try:
            descriptor = open_regular(self.path)
        except FileNotFoundError:
            raise
        except PlaceRefused as error:
            raise ServiceError(f"{self.path} is no regular file: {self.cure}") from error
        except OSError as error:
            raise ServiceError(f"{self.path} cannot be read ({describe(error)}): {self.cure}") from error
        with os.fdopen(descriptor, errors="replace") as file:
            status = os.fstat(descriptor)
            if status.st_uid != os.geteuid():
                raise ServiceError(f"{self.path} is not a file of yours: {self.cure}")
            if status.st_mode & OTHERS:
                os.fchmod(descriptor, FILE_MODE)
            secret = file.read(1000).strip()
        if not self.is_valid(secret):
            raise ServiceError(f"{self.path} holds no {self.content}: {self.cure}")
        return secret

    def _make(self, secret: str) -> None:
        """Make the file, unless another process was faster. The file is never incomplete."""
        path = self.path
        for folder in (path.parent.parent.resolve(), path.parent):  # only the home may be a link
            make_folder(folder)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        try:
            with os.fdopen(descriptor, "w") as file:
                os.fchmod(descriptor, FILE_MODE)  # the umask may remove even the owner's rights
                file.write(f"{secret}\n")
                file.flush()
                os.fsync(descriptor)
            with suppress(FileExistsError):
                path.hardlink_to(draft)
        finally:
            draft.unlink()
        parent = open_folder(path.parent)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)
