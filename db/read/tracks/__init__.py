"""Queries of tracks: by name, by state, and with predictions."""

from db.read.tracks import names, predictions, state

__all__ = ["names", "predictions", "state"]
