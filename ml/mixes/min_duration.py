"""The shortest duration of a mix. Imports no Keras, so that a short file is refused within a second."""

from pathlib import Path
from typing import Final

from sound.errors import AudioError

SHORTEST_S: Final = 60.0  # two spans; a shorter recording is a track, or a part of one


def too_short(path: Path, duration_s: float) -> AudioError:
    """The error for a recording of so many seconds."""
    return AudioError(
        "too_short",
        path,
        f"lasts {duration_s:.1f} s, too short for a mix",
        f"give a recording of {SHORTEST_S:.0f} s or more",
    )
