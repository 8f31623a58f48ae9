"""What a command prints goes to a full disk, or to nobody: one sentence, or none; the home is not to blame."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("--help",)  # less than a buffer: found at the end alone
LARGE = ("sql", "SELECT repeat('x', 100000) FROM generate_series(1, 9)", "--format", "csv")


def run(arguments: tuple[str, ...], address: str, home: Path, stdout: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *arguments]
    variables = os.environ | {"DATABASE_URL": address, "LABELSCOPE_HOME": str(home)}
    return subprocess.run(
        command, cwd=ROOT, env=variables, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [SMALL, LARGE], ids=["small", "large"])
def test_a_full_output_is_not_the_disk_of_the_home(
    arguments: tuple[str, ...], database_url: str, tmp_path: Path
) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    done = run(arguments, database_url, tmp_path, full)
    os.close(full)
    said = "labelscope: The output could not be written: no space is left where it goes.\n"
    assert (done.returncode, done.stderr) == (1, said)


@pytest.mark.parametrize("arguments", [SMALL, LARGE], ids=["small", "large"])
def test_nothing_is_said_where_nobody_reads(
    arguments: tuple[str, ...], database_url: str, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run(arguments, database_url, tmp_path, writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
