"""What this process writes is for its user alone, but for files that people ask for elsewhere."""

import os

PRIVATE = 0o077
_callers = PRIVATE


def close() -> None:
    """From here on no other user can read what this process, or one that it starts, writes."""
    global _callers
    before = os.umask(PRIVATE)
    if before != PRIVATE:
        _callers = before


def output_file_mode() -> int:
    """The mode of a file that somebody asked for, such as a picture: what the caller's own umask leaves of it."""
    close()
    return 0o666 & ~_callers
