"""Sound and learning: arrays and files in and out. Knows no database, no network, no Prefect."""

import os

# Keras reads its backend once, when it is first imported, and would look for TensorFlow, which is not
# installed. Set here, before any module of this package imports Keras; who chose a backend already keeps it.
os.environ.setdefault("KERAS_BACKEND", "jax")
