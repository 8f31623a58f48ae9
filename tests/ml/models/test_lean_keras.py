"""Keras is imported without the libraries that it does not need, and hides them from nobody else."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def output_of(program: str) -> str:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def test_a_model_loads_without_what_keras_does_not_need() -> None:
    heavy = "('matplotlib', 'pandas', 'sklearn', 'librosa', 'numba', 'scipy.stats')"
    program = f"import sys, ml.models.scorer; print([name for name in {heavy} if name in sys.modules])"
    assert output_of(program) == "[]"


def test_what_was_hidden_can_be_imported_afterwards() -> None:
    program = (
        "from ml.lean_keras import keras; import sklearn, pandas, matplotlib; print(keras.config.backend())"
    )
    assert output_of(program) == "jax"


def test_other_threads_find_what_is_hidden() -> None:
    program = """
import sys, threading
from ml import lean_keras
sys.meta_path = [lean_keras._NotFound(), *sys.meta_path]
try:
    import pandas
except ModuleNotFoundError:
    print("hidden here")
thread = threading.Thread(target=lambda: print(__import__("pandas").__name__))
thread.start()
thread.join()
"""
    assert output_of(program).split("\n") == ["hidden here", "pandas"]
