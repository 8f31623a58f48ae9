"""End a process together with its parent."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)


def end_with(parent: int) -> None:
    """Have the kernel send this process SIGTERM when its parent, the process `parent`, ends in any way.

    Where the parent has ended already, this process ends, too. Only on Linux; elsewhere an orphan finishes its work.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != parent:  # the parent ended before the call
        os.kill(os.getpid(), signal.SIGTERM)
