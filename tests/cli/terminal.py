"""Run several commands in one process that writes to a real terminal, a pseudoterminal."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

# What Rich writes itself: colours, and the moves of a progress bar.
OWN = re.compile("\x1b\\[[0-9;]*m|\x1b\\[\\?25[lh]|\x1b\\[[0-9]*[AK]|\r(?=\x1b\\[2K)")
MARK = "=== ended with "
DRIVER = f"""
import json, os, sys
from cli.main import main
for arguments, extra in json.loads(os.environ["COMMANDS"]):
    before = dict(os.environ)
    os.environ |= extra
    sys.argv = ["labelscope", *arguments]
    try:
        main()
    except SystemExit as ended:
        code = ended.code or 0
    os.environ.clear()
    os.environ |= before
    heavy = [name for name in ("prefect", "keras", "jax") if name in sys.modules]
    sys.stdout.flush()
    os.write(1, (chr(10) + {MARK!r} + json.dumps([code, heavy]) + chr(10)).encode())
"""


@dataclass(frozen=True)
class Ended:
    """What a command sent to the terminal, its exit code, and the heavy libraries that it imported."""

    sent: str
    code: int
    heavy: tuple[str, ...]


def at_terminal(
    commands: Sequence[tuple[Sequence[str], Mapping[str, str]]], environment: Mapping[str, str]
) -> list[Ended]:
    """Run commands, each with variables of its own, one after the other."""
    reader, writer = pty.openpty()
    variables = dict(environment) | {"TERM": "xterm-256color", "COLUMNS": "300"}
    variables["COMMANDS"] = json.dumps(commands)
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER], stdin=writer, stdout=writer, stderr=writer, env=variables
    )
    os.close(writer)
    everything = b""
    while True:
        try:
            chunk = os.read(reader, 65_536)
        except OSError:  # Linux: the other end is closed
            break
        if not chunk:
            break
        everything += chunk
    os.close(reader)
    assert process.wait(timeout=60) == 0, everything
    ended = []
    parts = everything.decode(errors="surrogateescape").replace("\r\n", "\n").split(f"\n{MARK}")
    for sent, after in pairwise(parts):
        code, heavy = json.loads(after.partition("\n")[0])
        own = sent if not ended else sent.partition("\n")[2]
        ended.append(Ended(own, code, tuple(heavy)))
    return ended
