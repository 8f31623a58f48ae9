"""Audio, features and machine learning: arrays and files in and out. Uses no database, no network, no Prefect."""

import os

# Keras reads its backend once, at its first import, and would look for TensorFlow, which is not installed. So it is set
# before any module of this package imports Keras. A backend that is set in the environment already stays.
os.environ.setdefault("KERAS_BACKEND", "jax")
