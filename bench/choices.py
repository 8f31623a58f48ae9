"""The effect of each hyperparameter of `labelscope`: one changed at a time, by repeated grouped cross-validation.

Run as `LABELSCOPE_HOME=… python -m bench.choices [NAME …]` on a home with tracks (`labelscope run …`).
All variants are trained on the same folds, so that differences are paired: the last columns are the difference to the
current values, with the 95 % interval over groups of artists or albums. Some minutes a variant on two cores;
`--repeats 1` takes half of that, with wider intervals.
"""

import argparse
import time
from dataclasses import replace
from typing import Any, Final

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from config.labels import read_labels
from config.settings import Settings
from db.write.clips import register_spectrogram_config
from flows.home.environment import open_database, spectrogram_folder
from flows.training_data.training_set import read_training_set
from ml.crossvalidation.contenders import features_of
from ml.crossvalidation.crossvalidation import (
    BaselineLearner,
    Learner,
    NetworkLearner,
    cross_validate,
    probabilities_of_tracks,
)
from ml.crossvalidation.parallel import training_processes
from ml.data.dataset import Dataset, SplitExamples
from ml.data.hyperparameters import PRESETS, Hyperparameters
from ml.evaluation.evaluate import evaluate
from ml.evaluation.paired_bootstrap import compare
from ml.evaluation.predictions import Predictions, pooled, tracks_of
from ml.features.spectrogram import SpectrogramConfig
from ml.models import networks

OURS: Final = PRESETS["labelscope"]
SEED: Final = 101  # other folds than those of `labelscope evaluate`, by which nothing is chosen


def maximum_alone(crops: keras.KerasTensor, number_of_labels: int, draw: networks.Draw) -> keras.KerasTensor:
    """The convolutions of `labelscope`, pooled as in the notebook's network."""
    signal = crops
    for filters in (64, 96, 128):
        signal = layers.Conv1D(filters, 4, padding="same", use_bias=False, kernel_initializer="zeros")(signal)
        signal = layers.BatchNormalization(momentum=networks.MOMENTUM)(signal)
        signal = layers.Activation("relu")(signal)
        signal = layers.MaxPooling1D(2)(signal)
    signal = layers.Dropout(0.3, seed=draw())(ops.max(signal, axis=1))
    return layers.Dense(number_of_labels, activation="softmax", kernel_initializer="zeros")(signal)


class Variant(NetworkLearner):
    """Trains an architecture that only exists in this bench."""

    def __call__(self, dataset: Dataset, split: SplitExamples, seed: int) -> tuple[Predictions, ...]:
        networks.ARCHITECTURES.update(
            {
                "convolutions alone": (networks.convolutions,),
                "changes alone": (networks.changes,),
                "timbre alone": (networks.timbre,),
                "without changes": (networks.convolutions, networks.timbre),
                "without timbre": (networks.convolutions, networks.changes),
                "maximum alone": (maximum_alone, networks.changes, networks.timbre),
            }
        )
        return super().__call__(dataset, split, seed)


def changed(**changes: Any) -> Hyperparameters:
    return replace(OURS, **changes)


VARIANTS: Final[dict[str, Hyperparameters]] = {
    "current": OURS,
    "convolutions alone": changed(architecture="convolutions alone"),
    "changes alone": changed(architecture="changes alone"),
    "timbre alone": changed(architecture="timbre alone"),
    "without changes": changed(architecture="without changes"),
    "without timbre": changed(architecture="without timbre"),
    "maximum over time alone": changed(architecture="maximum alone"),
    "no equaliser": changed(equaliser_db=0.0),
    "gain (6 dB), no equaliser": changed(equaliser_db=0.0, gain_db=6.0),
    "consecutive crops": changed(random_crops=None),
    "crops of 6 s": changed(crop_frames=256),
    "constant rate": changed(warm_up=0.0),
    "20 epochs": changed(epochs=20),
    "SpecAugment (0.2)": changed(masks=0.2),
    "mixup (0.3)": changed(mixup=0.3),
    "label smoothing (0.1)": changed(label_smoothing=0.1),
    "weight average (0.99)": changed(weight_average=0.99),
    "each network twice": changed(members=2),
    "the seed network": PRESETS["seed"],
}
BASELINE: Final = "the classical baseline"


def read_dataset(settings: Settings) -> Dataset:
    config = SpectrogramConfig()
    with open_database(settings) as engine, engine.begin() as connection:
        config_id = register_spectrogram_config(connection, config.fingerprint(), config.to_dict())
        allowed = read_labels(settings.labels).training.allow
        training_set = read_training_set(connection, config_id, config, allowed)
    return training_set.dataset(spectrogram_folder(settings, config.fingerprint()), config)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "names", nargs="*", help=f"of {', '.join([*VARIANTS, BASELINE])}; all where none is given"
    )
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args()
    settings = Settings()
    dataset = read_dataset(settings)
    learners: dict[str, Learner] = {name: Variant(chosen) for name, chosen in VARIANTS.items()}
    learners[BASELINE] = BaselineLearner(features_of(dataset.examples))
    if unknown := set(arguments.names) - learners.keys():
        parser.error(f"there is no variant {', '.join(unknown)}")
    names = [name for name in learners if not arguments.names or name in arguments.names or name == "current"]
    print(
        f"{len(dataset.tracks)} tracks, {len(set(dataset.group_of.values()))} groups; balanced accuracy of tracks,"
    )
    print(f"{arguments.folds} folds by groups, {arguments.repeats} times")
    print(f"{'':<28}accuracy  95 % interval    ECE   over 'current'      wall seconds a training")
    current: NDArray[np.float64] | None = None
    with training_processes(settings.workers) as pool:
        for name in names:
            began = time.perf_counter()
            predictions = cross_validate(
                dataset, learners[name], arguments.folds, arguments.repeats, SEED, pool=pool
            )
            seconds = (time.perf_counter() - began) / (arguments.folds * arguments.repeats)
            probabilities, tracks = probabilities_of_tracks(predictions), tracks_of(predictions[0])
            current = probabilities if current is None else current
            print_row(name, predictions, difference_to(current, probabilities, tracks), seconds)


def difference_to(current: NDArray[np.float64], variant: NDArray[np.float64], tracks: Predictions) -> str:
    comparison = compare(variant, current, tracks.true, tracks.group.tolist())
    return f"{comparison.difference:+.3f} ({comparison.low:+.3f} to {comparison.high:+.3f})"


def print_row(name: str, predictions: list[tuple[Predictions, ...]], difference: str, seconds: float) -> None:
    metrics = {
        metric.name: metric
        for metric in evaluate("holdout", pooled(predictions)).metrics
        if metric.level == "track" and metric.label is None
    }
    accuracy, error = metrics["balanced_accuracy"], metrics["ece"].value
    interval = f"{accuracy.ci_low:.3f} to {accuracy.ci_high:.3f}"
    print(
        f"{name:<28}{accuracy.value:8.3f}  {interval}  {error:.3f}   {difference}  {seconds:7.1f}", flush=True
    )


if __name__ == "__main__":
    main()
