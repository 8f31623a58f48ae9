"""The login of a Prefect server, "name:password": made once for each home, or given for a server of your own.

A client of Prefect can run programs as the owner of the server. So the server needs a login, which is in
HOME/prefect/login, for the owner only. The keeper imports this module, so: the standard library only.
"""

import hashlib
import hmac
import os
import secrets
from base64 import b64encode
from pathlib import Path

from services.own_secret import OwnSecret
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
    return _secret(login_file(home)).get(lambda: f"{NAME}:{secrets.token_urlsafe(32)}")


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
    return _secret(path).read()


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


def _secret(path: Path) -> OwnSecret:
    cure = "remove it, then `labelscope down` and start again, which makes a new one."
    return OwnSecret(path, "login", cure, is_login)
