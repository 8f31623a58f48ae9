"""Keras without matplotlib, pandas and scikit-learn, which it imports where they are installed: two thirds of the time.

Labelscope uses all three, but never through Keras. So Keras is imported from here.
"""

import sys
from importlib.abc import MetaPathFinder
from threading import get_ident
from typing import Final

UNUSED: Final = frozenset({"matplotlib", "pandas", "sklearn"})


class _NotFound(MetaPathFinder):
    """Makes imports of the unused packages fail in the thread that created it, as if they were not installed."""

    def __init__(self) -> None:
        self._thread = get_ident()

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        del path, target  # given by Python
        if name in UNUSED and get_ident() == self._thread:
            raise ModuleNotFoundError(f"{name} is hidden from Keras", name=name)


_not_found = _NotFound()
# New lists: another thread may be going through the present one.
sys.meta_path = [_not_found, *sys.meta_path]
try:
    import keras
    from keras import layers, ops
finally:
    sys.meta_path = [finder for finder in sys.meta_path if finder is not _not_found]

__all__ = ["keras", "layers", "ops"]
