"""What each choice of the `labelscope` training is worth: one changed at a time, by repeated grouped cross-validation.

Run as `LABELSCOPE_HOME=… python -m bench.choices [NAME …]` on a home whose clips are extracted and placed (`labelscope
run --folder CRATE`). Every variant trains a single network on the same folds, so that the differences are paired; the
last column but one is the difference from the choice that stands, with its 95 % interval over groups. Some minutes a
variant on two cores; --repeats 1 is quicker, and says less.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import keras
from keras import layers, ops

from config.labels import read_labels
from config.settings import Settings
from db.store.sound import register_recipe
from flows.home import open_database, spectrogram_folder
from flows.training_set import read_training_set
from ml import networks
from ml.answers import Answers, pooled, tracks_of
from ml.comparison import compare
from ml.contenders import features_of
from ml.crossvalidation import (
    Crate,
    Learner,
    baseline,
    cross_validate,
    network,
    probabilities_of_tracks,
)
from ml.evaluate import evaluate
from ml.hyperparameters import PRESETS
from ml.spectrogram import Recipe

OURS: Final = replace(PRESETS["labelscope"], members=1)


def without_pooling(crops: keras.KerasTensor, number_of_labels: int) -> keras.KerasTensor:
    """Ours with the maximum over time alone, as the notebook's network has it."""
    return _ours(crops, number_of_labels, lambda signal: ops.max(signal, axis=1))
