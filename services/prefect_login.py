"""The login of a Prefect server, "name:password": made once for each home, or given for a server of one's own.

Whoever may give orders to Prefect runs programs as its owner. So its server asks for a login, which lies in
HOME/prefect/login for the owner alone. The keeper imports this, so: the standard library alone.
"""

import hashlib
import hmac
import os
import secrets
import stat
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

from services.keeper import ServiceError

NAME = "labelscope"
GIVEN = "PREFECT_API_AUTH_STRING"  # Prefect's own variable for clients
GIVEN_FILE = "LABELSCOPE_PREFECT_LOGIN_FILE"  # the same in a file, such as a secret of Docker


def login_file(home: Path) -> Path:
    """Where the login to the Prefect server of that home lies."""
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
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ServiceError(f"{path} cannot be read ({error.strerror}): {_ANEW}") from error
    with os.fdopen(descriptor) as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise ServiceError(f"{path} is not a file of yours: {_ANEW}")
        if found.st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
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
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"login.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            os.fchmod(descriptor, 0o600)  # an umask may have taken the owner's rights, too
            file.write(f"{NAME}:{secrets.token_urlsafe(32)}\n")
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


_ANEW = "remove it, then `labelscope down` and start again, and a new one is made."
