"""The login of a Prefect server, "name:password": made once for each home, or given for a server of one's own.

A client of Prefect can run programs as its owner. So its server asks for a login, which is in
HOME/prefect/login for the owner alone. The keeper imports this, so: the standard library alone.
"""

import hashlib
import hmac
import os
import secrets
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

from services.keeper import ServiceError
from services.private import FILE_MODE, OTHERS, PlaceRefused, make_folder, open_folder, open_regular

NAME = "labelscope"
GIVEN = "PREFECT_API_AUTH_STRING"  # Prefect's own variable for clients
GIVEN_FILE = "LABELSCOPE_PREFECT_LOGIN_FILE"  # the same in a file, such as a secret of Docker


def login_file(home: Path) -> Path:
    """The file with the login to the Prefect server of that home."""
    return home / "prefect" / "login"


def home_login(home: Path) -> str:
    """The login to that home's own server; made where there is none yet, however many processes ask at once.

    Raises ServiceError where the file holds none, or belongs to another user.
    """
    path = login_file(home)
    while True:
        try:
            return read_login(path)
        except FileNotFoundError:
            _make(path)


def given_login() -> str | None:
    """The login to a server of one's own, as the environment gives it; None where it gives none.

    Raises ServiceError where the file that is named cannot be used.
    """
    if login := os.environ.get(GIVEN):
        return login
    file = os.environ.get(GIVEN_FILE)
    return read_secret(GIVEN_FILE, Path(file), "name:password") if file else None


def read_login(path: Path) -> str:
    """The login in the file of a home. Raises FileNotFoundError, or ServiceError where it cannot be used."""
    try:
        descriptor = open_regular(path)
    except FileNotFoundError:
        raise
    except PlaceRefused as error:
        raise ServiceError(f"{path} is no regular file: {_ANEW}") from error
    except OSError as error:
        raise ServiceError(f"{path} cannot be read ({error.strerror}): {_ANEW}") from error
    with os.fdopen(descriptor, errors="replace") as file:
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid():
            raise ServiceError(f"{path} is not a file of yours: {_ANEW}")
        if found.st_mode & OTHERS:
            os.fchmod(descriptor, FILE_MODE)
        login = file.read(1000).strip()
    if not is_login(login):
        raise ServiceError(f"{path} holds no login: {_ANEW}")
    return login


def read_secret(variable: str, path: Path, what: str) -> str:
    """The text of a file that an environment variable names. Raises ServiceError where there is none."""
    try:
        text = path.read_text().strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ServiceError(
            f"{variable} names {path}, which cannot be read ({why}): let this user read it."
        ) from error
    if not text or (what == "name:password" and not is_login(text)):
        raise ServiceError(f"{variable} names {path}, which holds no {what}: write one into it.")
    return text


def is_login(text: str) -> bool:
    """Whether this is one line of printable ASCII characters, a name and a password with a colon between."""
    name, _, password = text.partition(":")
    return bool(name and password) and text.isascii() and text.isprintable()


def basic(login: str | None) -> dict[str, str]:
    """The header of HTTP with which that login is given; none without a login."""
    return {"Authorization": f"Basic {b64encode(login.encode()).decode()}"} if login else {}


def proof(login: str, challenge: str, port: int) -> str:
    """What only who has the login can answer to a challenge, as hexadecimal digits; another port, another answer."""
    return hmac.new(login.encode(), f"{port} {challenge}".encode(), hashlib.sha256).hexdigest()


def _make(path: Path) -> None:
    """Write a new login and let it take its place whole, unless another process was faster."""
    for folder in (path.parent.parent.resolve(), path.parent):  # the home alone may be a link
        make_folder(folder)
    draft = path.with_name(f"login.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    try:
        with os.fdopen(descriptor, "w") as file:
            os.fchmod(descriptor, FILE_MODE)  # an umask may have taken the owner's rights, too
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


_ANEW = "remove it, then `labelscope down` and start again, and a new one is made."
