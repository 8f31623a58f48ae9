"""Ctrl-C ends any command with one sentence and 130, also within an import, where Python would print a traceback."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
LABELSCOPE = Path(sys.executable).with_name("labelscope")
CARRY_ON = "Stopped. What was done is kept; run it again to carry on."

AMID_AN_IMPORT = """
import os, signal, sys
class Impatient:
    def find_spec(self, name, path=None, target=None):
        if name == self.module:
            os.kill(os.getpid(), signal.SIGINT)
impatient = Impatient()
impatient.module = sys.argv.pop(1)
sys.meta_path.insert(0, impatient)
from cli.main import main
main()
"""
SWALLOWED = """
import os, signal
import db.migrate
def upgrade(address):
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        pass
db.migrate.upgrade = upgrade
from cli.main import main
main()
"""
AMID_JAX = """
import gc, os, signal, sys
import jax
from cli import stopping
def impatient(frame, event, argument):
    if event == "call" and frame.f_code.co_name == "_xla_gc_callback":
        os.kill(os.getpid(), signal.SIGINT)
stopping.begin(["extract"])
sys.setprofile(impatient)
gc.collect()
"""
TWICE = """
import os, signal
from cli import stopping
stopping.begin(["extract"])
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    os.kill(os.getpid(), signal.SIGINT)
"""
IGNORED = """
import os, signal
from cli import stopping
signal.signal(signal.SIGINT, signal.SIG_IGN)
stopping.begin(["up"])
os.kill(os.getpid(), signal.SIGINT)
"""


@pytest.fixture(autouse=True)
def ctrl_c_works() -> Iterator[None]:
    """Tests that run in the background ignore SIGINT, and their children would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def python(program: str, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env=os.environ | extra,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("extract", CARRY_ON),
        ("retrain", "Stopped. This training is lost; the model in use stays. Run it again for a new one."),
        ("up", "Stopped. Labelscope is not up."),
        ("status", "Stopped."),
        ("--help", "Stopped."),
    ],
)
def test_within_the_first_imports_each_command_writes_its_sentence(command: str, sentence: str) -> None:
    done = python(AMID_AN_IMPORT, "typer", command)
    assert (done.returncode, done.stderr) == (130, f"\n{sentence}\n")


@pytest.mark.usefixtures("flows")  # a Prefect server, to which both send a request first
def test_within_later_imports_it_writes_one_line(tmp_path: Path) -> None:
    done = python(AMID_AN_IMPORT, "prefect", "deploy", LABELSCOPE_HOME=str(tmp_path))
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (130, 1)


@pytest.mark.slow
@pytest.mark.usefixtures("flows")
def test_up_ends_where_the_exception_was_swallowed(database_url: str, tmp_path: Path) -> None:
    done = python(SWALLOWED, "up", LABELSCOPE_HOME=str(tmp_path), DATABASE_URL=database_url)
    assert (done.returncode, done.stderr) == (130, "\nStopped. Labelscope is not up.\n")


def test_the_callback_of_jax_does_not_swallow_it() -> None:
    done = python(AMID_JAX)
    assert (done.returncode, done.stderr) == (130, f"\n{CARRY_ON}\n")


def test_a_second_one_ends_it_at_once() -> None:
    done = python(TWICE)
    assert (done.returncode, done.stderr) == (130, f"\n{CARRY_ON}\n")


def test_a_command_in_the_background_ignores_it() -> None:
    assert python(IGNORED).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 12.0])
@pytest.mark.parametrize("command", ["demo", "up", "status"])
def test_at_any_moment_of_a_real_command(tmp_path: Path, command: str, seconds: float) -> None:
    environment = os.environ | {
        "LABELSCOPE_HOME": str(tmp_path / "home"),
        "LABELSCOPE_UI_PORT": str(free_port()),
    }
    process = subprocess.Popen(
        [LABELSCOPE, command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert "Traceback" not in errors and "ignored" not in errors, errors
    if process.returncode == 130:
        assert len(errors.strip().splitlines()) == 1 and errors.startswith("\nStopped.")
    else:  # it had ended: status without a home; up, which stopped serving
        # or Python itself was ending, which ignores signals
        ends = ({"status": 1, "up": 0}[command], -signal.SIGINT)
        assert process.returncode in ends, (output, errors)
