"""Run many ingests, each in its own process. A process that has imported the flows once forks for each of them.

`python -m tests.flows.ingest.killed.ingest_runner` reads a line of JSON for each ingest, its environment variables. It
prints the process id at once, and after the next line (or the end of input) the exit status, negative for a signal.
Until then the process stays at least a zombie, so that its id is not used again.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

DIES_AT = "TEST_DIES_AT"  # variable of one ingest: "module function call", see die_at
ROOT = Path(__file__).resolve().parents[3]
# Prefect and SQLAlchemy import the last ones when the first flow runs.
IMPORTED_ONCE = (
    "flows.ingest.flow",
    "flows.prefect_tools.single_run",
    "prefect.flow_engine",
    "prefect.task_engine",
    "fastapi",
    "psycopg",
)


class Runner:
    """Starts ingests one after the other; the parent's end of the runner process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, environment: Mapping[str, str]) -> int:
        """Start an ingest; its process id."""
        return int(self._send(json.dumps(dict(environment))))

    def wait(self) -> int:
        """The exit status of the ingest that was started last."""
        return int(self._send("wait"))

    def _send(self, line: str) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


@contextmanager
def ingest_runner(log: Path) -> Iterator[Runner]:
    """A runner that uses the Prefect server of this process' environment; `log` gets the output of ingests."""
    # Without it OpenBLAS starts threads when it is imported.
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "tests.flows.ingest.killed.ingest_runner"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        yield Runner(process)


def main() -> None:
    """Fork an ingest for each line of standard input."""
    for module in IMPORTED_ONCE:
        import_module(module)
    for line in sys.stdin:
        require_one_thread()
        child = os.fork()
        if child == 0:
            os._exit(run(json.loads(line)))
        report(child)
        sys.stdin.readline()
        _, status = os.waitpid(child, 0)
        report(os.waitstatus_to_exitcode(status))


def run(environment: dict[str, str]) -> int:
    """Ingest as `labelscope ingest` does; the exit status."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.environ.update(environment)
    if DIES_AT in environment:
        die_at(*environment[DIES_AT].split())
    from config.settings import Settings
    from flows.home.environment import runtime
    from flows.ingest.flow import ingest

    try:
        with runtime(Settings()):
            return 0 if ingest().complete else 3
    # Nothing may go on in this copy of the process.
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        return 1


def die_at(module: str, name: str, call: str) -> None:
    """Replace a function so that this process is killed just before a call of it; "1" is the first call."""
    namespace = import_module(module)
    function, calls = getattr(namespace, name), count(1)

    def dying(*arguments: Any, **named: Any) -> Any:
        if next(calls) == int(call):
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)

    setattr(namespace, name, dying)


def require_one_thread() -> None:
    """Raises RuntimeError with more than one thread: after a fork, locks of the others would never be released."""
    tasks = Path("/proc/self/task")
    threads = len(list(tasks.iterdir())) if tasks.exists() else threading.active_count()
    if threads != 1:
        raise RuntimeError(f"{threads} threads are running: a fork would lose all but one.")


def report(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
