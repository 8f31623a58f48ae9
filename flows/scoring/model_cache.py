"""The model that scores in this process, loaded once for all batches."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml.models.scorer import Scorer

_IN_USE = Lock()


@lru_cache(maxsize=1)
def loaded_model(path: Path, sha256: str) -> "Scorer":
    """The model of this file. Raises ml.models.model_file.ModelFileError where its sha256 is another one."""
    # Keras takes seconds to import, and most runs have nothing to score.
    from ml.models.scorer import load_model

    return load_model(path, sha256)


@contextmanager
def scoring(path: Path, sha256: str) -> "Iterator[Scorer]":
    """The model of this file, for one thread at a time.

    Keras keeps state in the network, and scoring uses all cores.
    """
    with _IN_USE:
        yield loaded_model(path, sha256)
