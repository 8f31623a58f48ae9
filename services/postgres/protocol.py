"""Messages of PostgreSQL's protocol at the start of a connection (version 3, docs 54.7), as bytes."""

import asyncio
import struct
from collections.abc import Mapping
from typing import Final, NamedTuple

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102  # in place of a version
MAJOR_VERSION: Final = 3
PACKET_BYTES: Final = 10_000  # of a first packet, as in PostgreSQL
LOGIN_BYTES: Final = 2_000  # of a message while the password is checked
READY, ERROR, KEY, AUTHENTICATION, PASSWORD = b"Z", b"E", b"K", b"R", b"p"
SASL, SASL_CONTINUE, SASL_FINAL = 10, 11, 12


class ProtocolError(Exception):
    """A message that the protocol does not allow."""


class Stream(NamedTuple):
    """Both directions of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


async def read_packet(stream: Stream) -> tuple[int, bytes]:
    """The first packet of a client: its version or request, and the rest."""
    length, code = struct.unpack("!ii", await stream.reader.readexactly(8))
    if not 8 <= length <= PACKET_BYTES:
        raise ProtocolError
    return code, await stream.reader.readexactly(length - 8)


async def read_message(stream: Stream, most_bytes: int) -> tuple[bytes, bytes]:
    """The kind of the next message, one byte, and its content."""
    kind, length = struct.unpack("!ci", await stream.reader.readexactly(5))
    if not 4 <= length <= most_bytes:
        raise ProtocolError
    return kind, await stream.reader.readexactly(length - 4)


async def read_login(stream: Stream) -> bytes:
    """The content of the next message, which has to be one of a login."""
    kind, content = await read_message(stream, LOGIN_BYTES)
    if kind != PASSWORD:
        raise ProtocolError
    return content


def parameters_of(packet: bytes) -> dict[str, str]:
    """The parameters of a start, such as user and database."""
    try:
        texts = packet.decode().removesuffix("\0").split("\0")
    except UnicodeDecodeError as error:
        raise ProtocolError from error
    if len(texts) % 2 == 0 or texts[-1]:  # pairs, and an empty text at the end
        raise ProtocolError
    return dict(zip(texts[:-1:2], texts[1::2], strict=True))


def startup(version: int, parameters: Mapping[str, str]) -> bytes:
    """The first packet of a session with these parameters."""
    texts = "".join(f"{name}\0{value}\0" for name, value in parameters.items())
    content = struct.pack("!i", version) + texts.encode() + b"\0"
    return struct.pack("!i", len(content) + 4) + content


def cancel(key: bytes) -> bytes:
    """The packet that cancels the statement of the session with this key."""
    return struct.pack("!ii", len(key) + 8, CANCEL_REQUEST) + key


def message(kind: bytes, content: bytes) -> bytes:
    """A message of this kind."""
    return kind + struct.pack("!i", len(content) + 4) + content


def authentication(step: int, content: bytes) -> bytes:
    """A message of the server about the login."""
    return message(AUTHENTICATION, struct.pack("!i", step) + content)


def fatal(code: str, sentence: str) -> bytes:
    """The error, with this SQLSTATE, that ends a connection."""
    fields = (("S", "FATAL"), ("V", "FATAL"), ("C", code), ("M", sentence))
    return message(ERROR, "".join(f"{name}{text}\0" for name, text in fields).encode() + b"\0")
