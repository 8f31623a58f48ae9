"""Open a library file, or say in a sentence why it cannot be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from common.files import describe
from sources.errors import Unavailable
from sources.metadata.tags import clean_text


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file, for the block. Raises Unavailable where it cannot be opened or read."""
    shown = clean_text(path)
    try:
        if not path.is_file() and path.exists():
            raise Unavailable(f"{shown} is no file; name the file inside of it.", "gone")
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise Unavailable(f"There is no file {shown}; put it back, or correct its name.", "gone") from None
    except PermissionError:
        raise Unavailable(
            f"{shown} may not be read by this user; run chmod u+r on it.", "forbidden"
        ) from None
    except OSError as error:
        raise Unavailable(f"{shown} cannot be read ({describe(error)}); check its name.", "gone") from None
