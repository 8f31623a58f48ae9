"""What is wrong with a file that is to be scored, as far as its first bytes say, before the model is loaded for it."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

from common.errors import LabelscopeError
from ml.audio.decode import decoding
from ml.audio.errors import AudioError
from sources.files.probe import UnusableError, probe

HOP_S: Final = 512 / 22_050  # from one frame of a spectrogram to the next


class UnheardError(LabelscopeError):
    """A file that nothing can be heard in; the message says why, with its name."""


def shortest_s(connection: Connection) -> float:
    """The length in seconds below which the model in use has no crop of a file. 0 where no model is in use."""
    statement = """
        SELECT CAST(t.hyperparameters ->> 'crop_frames' AS integer)
          FROM models m JOIN training_runs t ON t.id = m.training_run_id
         WHERE m.status = 'champion'
    """
    frames = int(connection.scalar(text(statement)) or 1)
    return (frames - 1) * HOP_S


def require_sound(path: Path, least_s: float) -> None:
    """Raises UnheardError where the file is no sound, or says itself that it is shorter than `least_s` seconds."""
    try:
        probe(path)
        with decoding(path) as sound:
            length_s = sound.promised_s
    except UnusableError as problem:
        raise UnheardError(f"{path.name} {problem.args[1]}") from problem
    except AudioError as problem:
        raise UnheardError(str(problem)) from problem
    except FileNotFoundError as problem:
        raise UnheardError(
            f"{path} is not there; put it back or name the place that it has now."
        ) from problem
    except OSError as problem:
        raise UnheardError(f"{path.name} cannot be read ({problem.strerror}); copy it anew.") from problem
    if length_s is not None and length_s < least_s:
        raise too_short(path)


def too_short(path: Path) -> UnheardError:
    return UnheardError(f"{path.name} is shorter than one crop of 3 s; use a longer file.")
