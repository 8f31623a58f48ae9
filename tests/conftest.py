"""What every test may ask for."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real clips beside the checkout; tests that want it are skipped where it is absent."""
    folder = Path(__file__).resolve().parents[1].parent / "shared" / "corpus"
    if not folder.is_dir():
        pytest.skip("no corpus of real clips beside this checkout")
    return folder
