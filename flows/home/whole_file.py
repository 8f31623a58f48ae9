"""Write a file where somebody wants it: in one step, so that there is the one before or the whole of the new one."""

import os
from pathlib import Path

from common.errors import LabelscopeError
from common.files import write_whole
from flows.home.umask import output_file_mode


class OutputFileError(LabelscopeError):
    """A file cannot be written where it was to be. The message is one sentence with the cure."""


def write_output_file(file: Path, content: bytes, private: bool = False) -> None:
    """Write the content; a link keeps leading to its file. Raises OutputFileError, and then what was there still is.

    The caller's umask decides who may read it; `private`: its owner alone.
    """
    target = Path(os.path.realpath(file))  # resolve() raises where links lead in a circle
    try:
        write_whole(target, content, 0o600 if private else output_file_mode())
    except OSError as error:
        said = f"{file} cannot be written ({error.strerror}); make room there, or name another file."
        raise OutputFileError(said) from error
