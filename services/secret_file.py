"""Read a secret from a file that an option or an environment variable names."""

from collections.abc import Callable
from pathlib import Path

from common.files import describe
from services.keeper import ServiceError


def read_secret(named_by: str, path: Path, content: str, is_valid: Callable[[str], bool] = bool) -> str:
    """The text of a file, without white space around it. Symbolic links are followed, as secrets may be mounted so.

    `named_by` is the option or variable, and `content` what the file should hold, both for the sentences. Raises
    ServiceError where the file cannot be read, or its text is not valid.
    """
    try:
        text = path.read_text().strip()
    except (OSError, ValueError) as error:
        why = describe(error) if isinstance(error, OSError) else "it is no text"
        raise ServiceError(
            f"{named_by} names {path}, which cannot be read ({why}): let this user read it."
        ) from error
    if not is_valid(text):
        raise ServiceError(f"{named_by} names {path}, which holds no {content}: write one into it.")
    return text
