"""The login of a Prefect server, "name:password": made once for each home, or given for a server of your own.

A client of Prefect can run programs as the owner of the server. So the server needs a login, which is in
HOME/prefect/login, for the owner only. The keeper imports this module, so: the standard library only.
"""

import hashlib
import hmac
import os
import secrets
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

from common.files import describe
from services.keeper import ServiceError
from services.private import FILE_MODE, OTHERS, PlaceRefused, make_folder, open_folder, open_regular
from services.secret_file import read_secret

NAME = "labelscope"
GIVEN = "PREFECT_API_AUTH_STRING"  # Prefect's own variable for clients
GIVEN_FILE = "LABELSCOPE_PREFECT_LOGIN_FILE"  # names a file with the login, such as a secret of Docker


def login_file(home: Path) -> Path:
    """The file with the login to the Prefect server of that home."""
    return home / "prefect" / "login"


def home_login(home: Path) -> str:
    """The login to that home's own server; made where there is none yet. Concurrent processes get the same one.

    Raises ServiceError where the file holds none, or belongs to another user.
    """
    path = login_file(home)
    while True:
        try:
            return read_login(path)
        except FileNotFoundError:
            _make(path)


def given_login() -> str | None:
    """The login to a server of your own, from the environment; None where it has none.

    Raises ServiceError where the file that it names cannot be used.
    """
    if login := os.environ.get(GIVEN):
        return login
    file = os.environ.get(GIVEN_FILE)
    return read_given_login(file) if file else None


def read_given_login(file: str) -> str:
    """The login in the file that GIVEN_FILE names. Raises ServiceError where it cannot be used."""
    return read_secret(GIVEN_FILE, Path(file), "name:password", is_login)


def read_login(path: Path) -> str:
    """The login in the file of a home. Raises FileNotFoundError, or ServiceError where it cannot be used."""
    try:
        descriptor = open_regular(path)
    except FileNotFoundError:
        raise
    except PlaceRefused as error:
        raise ServiceError(f"{path} is no regular file: {_ANEW}") from error
    except OSError as error:
        raise ServiceError(f"{path} cannot be read ({describe(error)}): {_ANEW}") from error
    with os.fdopen(descriptor, errors="replace") as file:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid():
            raise ServiceError(f"{path} is not a file of yours: {_ANEW}")
        if status.st_mode & OTHERS:
            os.fchmod(descriptor, FILE_MODE)
        login = file.read(1000).strip()
    if not is_login(login):
        raise ServiceError(f"{path} holds no login: {_ANEW}")
    return login


def is_login(text: str) -> bool:
    """Whether this is one line of printable ASCII characters: a name, a colon and a password."""
    name, _, password = text.partition(":")
    return bool(name and password) and text.isascii() and text.isprintable()


def basic(login: str | None) -> dict[str, str]:
    """The HTTP header with this login; no header without a login."""
    return {"Authorization": f"Basic {b64encode(login.encode()).decode()}"} if login else {}


def proof(login: str, challenge: str, port: int) -> str:
    """The response to a challenge that proves the possession of the login, 64 hex digits; it depends on the port."""
    return hmac.new(login.encode(), f"{port} {challenge}".encode(), hashlib.sha256).hexdigest()


def _make(path: Path) -> None:
    """Make a file with a new login, unless another process was faster. The file is never incomplete."""
    for folder in (path.parent.parent.resolve(), path.parent):  # only the home may be a link
        make_folder(folder)
    draft = path.with_name(f"login.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    try:
        with os.fdopen(descriptor, "w") as file:
            os.fchmod(descriptor, FILE_MODE)  # the umask may remove even the owner's rights
            file.write(f"{NAME}:{secrets.token_urlsafe(32)}\n")
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


_ANEW = "remove it, then `labelscope down` and start again, which makes a new one."
