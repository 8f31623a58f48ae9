"""Ctrl-C ends any command with one sentence and exit code 130. This module imports nothing that takes time."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

CODE = 130
# Within an import the exception may turn into another one, or into thirty lines of output.
UNINTERRUPTIBLE_FILES = "<frozen importlib"
UNINTERRUPTIBLE_FUNCTIONS = ("_xla_gc_callback",)  # JAX's, which swallows every exception
SHOW_CURSOR = "\x1b[?25h"  # progress bars hide it

CARRIES_ON = "What was done is kept; run it again to carry on."
SENTENCES = {
    "run": "What was ingested is kept; run it again to carry on. A training begins anew.",
    "demo": "What was ingested is kept; run it again to carry on. A training begins anew.",
    "ingest": CARRIES_ON,
    "extract": CARRIES_ON,
    "retrain": "This training is lost; the model in use stays. Run it again for a new one.",
    "predict": "Stored scores are kept; run it again for the rest.",
    "evaluate": "This evaluation is lost; run it again for a new one.",
    "promote": "`labelscope models` shows which model is in use.",
    "mix": "Recordings that were analysed in full are kept; run it again for the rest.",
    "maintain": "What was repaired stays repaired; run it again for the rest.",
    "purge": "A part may be removed; run it again for the rest.",
    "backup": "The former backup is unchanged; run it again to carry on.",
    "restore": "If the database is still empty, run it again.",
    "worker": "Its runs are ended; what they had committed is kept.",
    "deploy": "A part of the timetable may be the former one; run it again.",
    "up": "Labelscope is not up.",
    "down": "Labelscope may still be ending: `labelscope status` shows whether it is up.",
}

_stopping = False  # Ctrl-C was pressed, or the command is over and only cleans up
_sentence = ""


def begin(arguments: Sequence[str]) -> None:
    """From here on Ctrl-C ends this process, with the sentence of the command that the arguments name."""
    global _stopping, _sentence
    command = next((word for word in arguments if not word.startswith("-")), "")
    _stopping, _sentence = False, f"Stopped. {SENTENCES.get(command, '')}".rstrip()
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # a script's `labelscope up &` ignores it
        signal.signal(signal.SIGINT, _interrupt)


def end(ended: BaseException) -> None:
    """Write the sentence where Ctrl-C has ended the command; from here on Ctrl-C ends the process at once."""
    global _stopping, _sentence
    by_ctrl_c = isinstance(ended, KeyboardInterrupt) or (isinstance(ended, SystemExit) and ended.code == CODE)
    if by_ctrl_c:
        _write_sentence()
    _stopping, _sentence = True, "Stopped."
    if by_ctrl_c:
        sys.exit(CODE)


def check() -> None:
    """Raises KeyboardInterrupt where Ctrl-C was pressed and a library has swallowed the exception."""
    if _stopping:
        raise KeyboardInterrupt


@contextmanager
def handled_by_asyncio() -> Iterator[None]:
    """Within the block asyncio handles Ctrl-C, which it does where Python's own handler is in place."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is _interrupt:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        check()
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _interrupt(_number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, so that blocks clean up. Exit at once at a second Ctrl-C, or where it would get lost."""
    global _stopping
    if _stopping or _is_uninterruptible(frame):
        _write_sentence()
        os._exit(CODE)  # servers end and locks are released, as after a kill
    _stopping = True
    raise KeyboardInterrupt


def _is_uninterruptible(frame: FrameType | None) -> bool:
    while frame is not None:
        in_import = frame.f_code.co_filename.startswith(UNINTERRUPTIBLE_FILES)
        if in_import or frame.f_code.co_name in UNINTERRUPTIBLE_FUNCTIONS:
            return True
        frame = frame.f_back
    return False


def _write_sentence() -> None:
    cursor = SHOW_CURSOR if os.isatty(2) else ""
    os.write(2, f"{cursor}\n{_sentence}\n".encode())
