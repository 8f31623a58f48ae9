"""`labelscope deploy` and `worker` where there is no server: tests/flows/orchestration/test_deploy.py has the rest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("command", ["deploy", "worker"])
@pytest.mark.parametrize(
    ("api_url", "sentence"),
    [
        ("", "set PREFECT_API_URL"),
        ("http://127.0.0.1:1/api", "No Prefect server answers at http://127.0.0.1:1/api"),
    ],
)
def test_without_a_server_there_is_nothing_to_deploy_to_or_to_work_for(
    tmp_path: Path, command: str, api_url: str, sentence: str
) -> None:
    here = {"LABELSCOPE_HOME": str(tmp_path), "PREFECT_API_URL": api_url, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", command],
        env=os.environ | here,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
