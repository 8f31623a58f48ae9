"""The tables. Importing this package makes all of them known to `Base.metadata`."""

from db.models import catalogue, evaluations, learning, mixes, neighbours, providers, sound, standings, upkeep
from db.models.base import Base

__all__ = [
    "Base",
    "catalogue",
    "evaluations",
    "learning",
    "mixes",
    "neighbours",
    "providers",
    "sound",
    "standings",
    "upkeep",
]
