"""Metrics of models, and how certain they are."""
