"""Scoring by the model in use, as several stages need it."""
