"""The server's side of a login by SCRAM-SHA-256 (RFC 5802 and 7677), without channel binding.

Neither side sends the password, so a program that has taken the port learns nothing. The library scramp has this, too,
but refuses an empty user name, which libpq sends.
"""

import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Final, Self

NAME: Final = "SCRAM-SHA-256"
ITERATIONS: Final = 4096  # as in PostgreSQL; the passwords are random, and long
FIRST: Final = re.compile(r"(?P<header>[ny],,)(?P<bare>n=[^,]*,r=(?P<nonce>[!-+\--~]+))")
FINAL: Final = re.compile(
    r"(?P<unproven>c=(?P<header>[A-Za-z0-9+/=]+),r=(?P<nonce>[!-+\--~]+)),p=(?P<proof>[A-Za-z0-9+/=]+)"
)


class LoginError(Exception):
    """A wrong password, or a message that the mechanism does not allow."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """What a server needs to check a password."""

    salt: bytes
    stored_key: bytes
    server_key: bytes

    @classmethod
    def of(cls, password: str) -> Self:
        salt = secrets.token_bytes(16)
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
        stored_key = hashlib.sha256(_sign(salted, "Client Key")).digest()
        return cls(salt, stored_key, _sign(salted, "Server Key"))

    def begin(self, first: bytes) -> "Login":
        """A login that begins with this message of the client. Raises LoginError."""
        match = FIRST.fullmatch(first.decode("ascii", "replace"))
        if match is None:
            raise LoginError
        nonce = match["nonce"] + secrets.token_urlsafe(18)
        challenge = f"r={nonce},s={b64encode(self.salt).decode()},i={ITERATIONS}"
        return Login(self, match["header"], match["bare"], nonce, challenge)


@dataclass(frozen=True, slots=True)
class Login:
    """A login in progress: `challenge` is the answer to the client's first message."""

    verifier: Verifier
    header: str
    client_first: str
    nonce: str
    challenge: str

    def finish(self, final: bytes) -> str:
        """The answer to the client's last message. Raises LoginError unless the client has the password."""
        match = FINAL.fullmatch(final.decode("ascii", "replace"))
        if match is None or match["nonce"] != self.nonce:
            raise LoginError
        if match["header"] != b64encode(self.header.encode()).decode():
            raise LoginError
        signed = f"{self.client_first},{self.challenge},{match['unproven']}"
        try:
            proof = b64decode(match["proof"], validate=True)
            signature = _sign(self.verifier.stored_key, signed)
            client_key = bytes(left ^ right for left, right in zip(proof, signature, strict=True))
        except ValueError as error:  # no base64, or of another length
            raise LoginError from error
        if not hmac.compare_digest(hashlib.sha256(client_key).digest(), self.verifier.stored_key):
            raise LoginError
        return f"v={b64encode(_sign(self.verifier.server_key, signed)).decode()}"


def _sign(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
