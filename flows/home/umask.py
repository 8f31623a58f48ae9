"""The umask: files of this process are private, except output files that a person asked for."""

import os

PRIVATE = 0o077
_callers_umask = PRIVATE


def close() -> None:
    """Make files that this process and its children write from now on private to this user."""
    global _callers_umask
    before = os.umask(PRIVATE)
    if before != PRIVATE:
        _callers_umask = before


def output_file_mode() -> int:
    """The mode of an output file, such as a plot: 0o666 less the umask that this process was started with."""
    close()
    return 0o666 & ~_callers_umask
