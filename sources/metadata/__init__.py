"""Metadata of tracks: cleaned and compared."""
