"""A process that does not outlive the one that started it."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)


def end_with(parent: int) -> None:
    """Have the kernel send this process SIGTERM when its parent, the process `parent`, ends, however that happens.

    Where it has ended already, this process does, too. On Linux alone; elsewhere nothing happens, and an orphan works
    on until its work is done.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != parent:  # it was faster
        os.kill(os.getpid(), signal.SIGTERM)
