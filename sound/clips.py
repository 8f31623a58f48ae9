"""Which parts of a sound file become clips."""

import math
from typing import Final

WINDOW_S: Final = (
    30.0  # the length of a preview of streaming services, so that clips of whole files are comparable
)
WHOLE_UP_TO_S: Final = 45.0  # a file up to this long is one clip


def plan_clips(duration_s: float, windows: int) -> list[tuple[float, float]]:
    """(offset, duration) in seconds of a file's clips: all of it up to 45 s, else windows of 30 s, spread evenly.

    At most `windows` of them, without overlap. Offsets are whole milliseconds within the file.
    """
    if not 0 < duration_s < math.inf or windows < 1:
        raise ValueError(f"Cannot plan {windows} clips of {duration_s} s of audio; both must be positive.")
    if duration_s <= WHOLE_UP_TO_S:
        return [(0.0, duration_s)]
    count = max(1, min(windows, int(duration_s // WINDOW_S)))
    centres = [(index + 0.5) * duration_s / count for index in range(count)]
    return [(max(0, math.floor((centre - WINDOW_S / 2) * 1000)) / 1000, WINDOW_S) for centre in centres]
