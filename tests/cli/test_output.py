"""A command prints to a full disk: one sentence, not about the home. It prints to a closed pipe: none."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.errors import _is_output_error

ROOT = Path(__file__).resolve().parents[2]
CASES = """
import json, os, sys
from cli.main import main
import cli.app

def run(stdout, arguments):
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.dup2(stdout, 1)
        os.dup2(writing, 2)
        sys.argv = ["labelscope", *arguments]
        main()
    os.close(writing)
    with os.fdopen(reading) as errors:
        text = errors.read()
    return os.waitstatus_to_exitcode(os.wait()[1]), text

closed, nobody = os.pipe()
os.close(closed)
full = os.open("/dev/full", os.O_WRONLY)
small = ["--help"]  # less than a buffer: found at the end only
large = ["sql", "SELECT repeat('x', 100000) FROM generate_series(1, 9)", "--format", "csv"]
print(json.dumps([run(stdout, arguments) for stdout in (full, nobody) for arguments in (small, large)]))
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_output_is_named_and_a_closed_one_ends_without_a_word(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", CASES], cwd=ROOT, capture_output=True, text=True, check=True)
    full = [1, "labelscope: The output could not be written: no space is left where it goes.\n"]
    assert json.loads(done.stdout) == [full, full, [1, ""], [1, ""]], done.stderr


@pytest.mark.parametrize(
    ("module", "is_output"), [("flows.home.download_inbox", False), ("rich.console", True)]
)
def test_a_module_is_known_by_its_name_and_not_by_the_folders_above_it(module: str, is_output: bool) -> None:
    code = compile("raise OSError(28, 'No space left on device')", "/home/rich/flows/inbox.py", "exec")
    with pytest.raises(OSError) as raised:
        exec(code, {"__name__": module})
    assert _is_output_error(raised.value) is is_output
