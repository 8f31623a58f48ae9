"""Measured comparisons; none of them is a test."""

import os

# As in ml/__init__.py, which comes too late where a bench imports Keras first.
os.environ.setdefault("KERAS_BACKEND", "jax")
