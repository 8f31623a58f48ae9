"""How long a recording has to be to be taken for a mix. It imports no Keras, so that a file is soon refused."""

from pathlib import Path
from typing import Final

from ml.audio.errors import AudioError

SHORTEST_S: Final = 60.0  # two spans; what is shorter is a track, or a part of one


def too_short(path: Path, duration_s: float) -> AudioError:
    """The error for a recording of so many seconds."""
    return AudioError(
        "too_short",
        f"{str(path)!r} lasts {duration_s:.1f} s, too short for a mix: give a recording of {SHORTEST_S:.0f} s or more.",
    )
