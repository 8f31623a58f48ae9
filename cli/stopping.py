"""Ctrl-C ends a command with one sentence and the exit code 130, whatever it is about. It imports next to nothing."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

CODE = 130
DEAF_FILES = "<frozen importlib"  # amid an import the exception may end as another one, or as thirty lines
DEAF_FUNCTIONS = ("_xla_gc_callback",)  # JAX's, from which no exception gets out
SHOW_CURSOR = "\x1b[?25h"  # progress bars hide it

CARRIES_ON = "What was done is kept; run it again to carry on."
SENTENCES = {
    "run": "What came in is kept, and another run carries on from there; a training begins anew.",
    "demo": "What came in is kept, and another demo carries on from there; a training begins anew.",
    "ingest": CARRIES_ON,
    "extract": CARRIES_ON,
    "retrain": "This training is lost, what was in use is; run it again for a new one.",
    "predict": "Scores that were stored are kept; run it again for the rest.",
    "evaluate": "This evaluation is lost; run it again for a new one.",
    "promote": "`labelscope models` says which model is in use.",
    "mix": "Recordings that were heard to their end are kept; run it again for the rest.",
    "maintain": "What was mended stays so; run it again for the rest.",
    "purge": "Some of it may be gone; run it again for the rest.",
    "backup": "The backup before this one is as it was; run it again to carry on.",
    "restore": "Where the database is still empty, run it again.",
    "worker": "Runs that it had started are ended; what they had committed is kept.",
    "deploy": "Some of the timetable may be that of before; run it again.",
    "up": "Labelscope is not up.",
    "down": "What was asked to end may still be ending: `labelscope status`.",
}

_asked = False  # somebody has pressed Ctrl-C; or the command is over, and just tidies up
_sentence = ""


def begin(arguments: Sequence[str]) -> None:
    """From here on Ctrl-C ends this process, with the sentence of the command that the arguments name."""
    global _asked, _sentence
    command = next((word for word in arguments if not word.startswith("-")), "")
    _asked, _sentence = False, f"Stopped. {SENTENCES.get(command, '')}".rstrip()
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as a script's `labelscope up &` has it
        signal.signal(signal.SIGINT, _stop)


def end(ended: BaseException) -> None:
    """Say so where Ctrl-C has ended the command; from here on another one ends the process at once."""
    global _asked, _sentence
    by_ctrl_c = isinstance(ended, KeyboardInterrupt) or (isinstance(ended, SystemExit) and ended.code == CODE)
    if by_ctrl_c:
        _say()
    _asked, _sentence = True, "Stopped."
    if by_ctrl_c:
        sys.exit(CODE)


def check() -> None:
    """Raises KeyboardInterrupt where somebody has pressed Ctrl-C and a library has swallowed the exception."""
    if _asked:
        raise KeyboardInterrupt


@contextmanager
def left_to_asyncio() -> Iterator[None]:
    """Within the block asyncio may see to Ctrl-C, which it does where Python's own handler is in place."""
    ours = signal.getsignal(signal.SIGINT)
    if ours is _stop:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        check()
        yield
    finally:
        signal.signal(signal.SIGINT, ours)


def _stop(_number: int, frame: FrameType | None) -> None:
    """An exception, so that what is under way is left in order; at once where that would get lost, or is too slow."""
    global _asked
    if _asked or _is_deaf(frame):
        _say()
        os._exit(CODE)  # servers and locks see to themselves, as they do where a process is killed
    _asked = True
    raise KeyboardInterrupt


def _is_deaf(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(DEAF_FILES) or frame.f_code.co_name in DEAF_FUNCTIONS:
            return True
        frame = frame.f_back
    return False


def _say() -> None:
    cursor = SHOW_CURSOR if os.isatty(2) else ""
    os.write(2, f"{cursor}\n{_sentence}\n".encode())
