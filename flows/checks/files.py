"""Checks of a file before the model is loaded to score it. They read only its first bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

from common.errors import LabelscopeError
from sound.errors import AudioError
from sound.probe import probe

HOP_S: Final = 512 / 22_050  # from one frame of a spectrogram to the next


class UnusableFileError(LabelscopeError):
    """A file cannot be scored. The message has its name and the reason."""


def shortest_s(connection: Connection) -> float:
    """The length in seconds of one crop of the model in use: shorter files cannot be scored. 0 without a model."""
    statement = """
        SELECT CAST(t.hyperparameters ->> 'crop_frames' AS integer)
          FROM models m JOIN training_runs t ON t.id = m.training_run_id
         WHERE m.status = 'champion'
    """
    frames = int(connection.scalar(text(statement)) or 1)
    return (frames - 1) * HOP_S


def require_sound(path: Path, least_s: float) -> None:
    """Raises UnusableFileError where the file is no audio, or shorter than `least_s` seconds."""
    with file_problems(path):
        length_s = probe(path).duration_s
    if length_s < least_s:
        raise too_short(path)


@contextmanager
def file_problems(path: Path) -> Iterator[None]:
    """Raises UnusableFileError for any error of reading or decoding the file inside the block."""
    try:
        yield
    except AudioError as problem:
        raise UnusableFileError(problem.sentence(path.name)) from problem
    except FileNotFoundError as problem:
        raise UnusableFileError(f"{path} is not there; put it back or give its current path.") from problem
    except OSError as problem:
        raise UnusableFileError(
            f"{path.name} cannot be read ({problem.strerror}); copy it anew."
        ) from problem


def too_short(path: Path) -> UnusableFileError:
    """The error for a file without a single crop."""
    return UnusableFileError(f"{path.name} is shorter than one crop of 3 s; use a longer file.")
