"""Measured comparisons; none of them is a test."""

import os

os.environ.setdefault(
    "KERAS_BACKEND", "jax"
)  # as ml/__init__.py, which comes too late where a bench imports Keras first
