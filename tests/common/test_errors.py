"""Errors cross the borders of processes, so each subclass of LabelscopeError can be pickled."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.errors import LabelscopeError


@pytest.mark.timeout(240)  # imports all of Labelscope, on a machine that may be busy
def test_each_error_can_be_pickled(tmp_path: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, "-m", "tests.common.pickled_errors"],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PREFECT_HOME": str(tmp_path), "LABELSCOPE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    names = set(outcome.stdout.split())
    assert {"LabelscopeError", "RateLimited", "DownloadError", "ConfigurationError", "AudioError"} <= names
    assert len(names) > 25


def test_a_pickled_error_keeps_its_message_and_attributes() -> None:
    class OddError(LabelscopeError):
        def __init__(self, *, reason: str) -> None:
            super().__init__(f"It failed because of {reason}; try again.")
            self.reason = reason

    rebuild, arguments = OddError(reason="rain").__reduce__()
    copy = rebuild(*arguments)
    assert str(copy) == "It failed because of rain; try again." and copy.reason == "rain"
