"""Output files that a person asked for, written in one step."""

import os
from pathlib import Path

from common.errors import LabelscopeError
from common.files import write_whole
from flows.home.umask import output_file_mode


class OutputFileError(LabelscopeError):
    """An output file cannot be written. The message is one sentence with the cure."""


def write_output_file(file: Path, content: bytes, private: bool = False) -> None:
    """Write the content in one step. A link stays a link, and its target gets the content.

    The permissions follow the caller's umask, or are the owner's alone (`private`). Raises OutputFileError; the former
    file is then unchanged.
    """
    # Path.resolve() would raise where links form a circle.
    target = Path(os.path.realpath(file))
    try:
        write_whole(target, content, 0o600 if private else output_file_mode())
    except OSError as error:
        sentence = (
            f"{file} cannot be written ({error.strerror}); free some space there, or name another file."
        )
        raise OutputFileError(sentence) from error
