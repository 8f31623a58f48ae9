"""Metrics of models, with confidence intervals."""
