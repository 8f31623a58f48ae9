"""The tables. Importing this package imports each of its modules, so that `Base.metadata` has all tables."""

from importlib import import_module
from pkgutil import iter_modules

from db.models.base import Base

for module in iter_modules(__path__):
    import_module(f"{__name__}.{module.name}")

__all__ = ["Base"]
