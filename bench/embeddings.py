"""How good neighbours are by the stored embeddings, by other embeddings, and by probabilities.

Run as `LABELSCOPE_HOME=… python -m bench.embeddings` on a home with tracks (`labelscope run …`). Groups are
split into folds; for each a model is trained without it, and the neighbours of every track of the fold are searched
among all tracks. Two metrics, both 1 at best: the share of the ten nearest tracks of other groups that have the same
label, and the share of a track's own group (the same recording, or artist) among as many nearest tracks. Each with its
95 % interval over groups, and the paired difference to the stored embedding. Some six minutes on two cores. `--speed`
trains nothing, and measures the time of scoring with embeddings and without, in turns.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from bench.choices import read_dataset
from config.settings import Settings
from ml.crossvalidation.crossvalidation import train_on
from ml.crossvalidation.parallel import in_pool, training_processes
from ml.data.crops import load_clip, load_crops, standardisation
from ml.data.dataset import Dataset, SplitExamples
from ml.data.hyperparameters import PRESETS
from ml.evaluation.bootstrap import interval, resample, tally
from ml.models.embedding import projection
from ml.models.model_file import ModelCard
from ml.models.networks import ARCHITECTURES, build, ensemble
from ml.models.scorer import Scorer
from ml.models.train import random_seed

NEAREST = 10
SEED = 202  # other folds than those of evaluate and of bench.choices

Vectors = NDArray[np.float64]  # (tracks, numbers)


@dataclass(frozen=True, slots=True)
class Fold:
    """The outputs of a model for all tracks of the dataset, in their order."""

    probabilities: Vectors
    parts: list[Vectors]  # of each network the input of its last layer, mean over crops
    unit_parts: list[Vectors]  # the same, each crop scaled to length 1 before
    trained: NDArray[np.bool_]  # (tracks,) in the training split
    held_out: NDArray[np.bool_]  # (tracks,) in the holdout


def outputs_of_fold(dataset: Dataset, split: SplitExamples, architecture: str, seed: int) -> Fold:
    scorer = train_on(dataset, split, PRESETS[architecture], seed)
    network = scorer.network
    members = [layer for layer in network.layers if isinstance(layer, keras.Model)] or [network]
    crops = keras.Input(network.input_shape[1:])
    pairs = [keras.Model(member.input, [member.output, member.layers[-1].input])(crops) for member in members]
    both = keras.Model(crops, [output for pair in pairs for output in pair])
    rows: dict[int, list[list[Vectors]]] = {track: [] for track in dataset.tracks}
    frames = scorer.card.crop_frames
    for example in dataset.examples:
        spectrogram = np.asarray(load_clip(example))
        number = len(spectrogram) // frames
        batch = spectrogram[: number * frames].reshape(number, frames, -1)
        outputs = [np.asarray(output, dtype=np.float64) for output in both.predict_on_batch(batch)]
        parts = outputs[1::2]
        of_clip = [np.mean(outputs[0::2], axis=0), *parts, *map(unit, parts)]
        rows[example.track_id].append([values.mean(axis=0) for values in of_clip])
    columns = [np.stack(column) for column in zip(*map(mean_of_clips, rows.values()), strict=True)]
    trained, held_out = (
        {example.track_id for example in examples} for examples in (split.train, split.holdout)
    )
    number = len(members)
    return Fold(
        columns[0],
        columns[1 : 1 + number],
        columns[1 + number :],
        np.array([track in trained for track in rows]),
        np.array([track in held_out for track in rows]),
    )


def mean_of_clips(clips: Sequence[Sequence[Vectors]]) -> list[Vectors]:
    return [np.mean(values, axis=0) for values in zip(*clips, strict=True)]


def unit(vectors: Vectors) -> Vectors:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def whole(fold: Fold) -> Vectors:
    return np.hstack(fold.unit_parts)


def stored(fold: Fold, dimensions: int = 256) -> Vectors:
    return whole(fold) @ projection(whole(fold).shape[1])[:, :dimensions]


def centred(fold: Fold) -> Vectors:
    return np.hstack([unit(part - part[fold.trained].mean(axis=0)) for part in fold.parts])


def components(fold: Fold, number: int, whiten: bool = False) -> Vectors:
    fitted = PCA(number, whiten=whiten, svd_solver="full").fit(whole(fold)[fold.trained])
    return np.asarray(fitted.transform(whole(fold)))


WAYS: dict[str, Callable[[Fold], Vectors]] = {
    "as stored: 256 numbers by signs": stored,
    "in full, before the projection": whole,
    "128 numbers by signs": lambda fold: stored(fold, 128),
    "64 numbers by signs": lambda fold: stored(fold, 64),
    "in full, mean of crops before length 1": lambda fold: np.hstack([unit(part) for part in fold.parts]),
    "in full, less the mean of training tracks": centred,
    "the same, 256 numbers by signs": lambda fold: centred(fold) @ projection(centred(fold).shape[1]),
    "128 principal components": lambda fold: components(fold, 128),
    "32 principal components": lambda fold: components(fold, 32),
    "128 principal components, whitened": lambda fold: components(fold, 128, whiten=True),
    "32 principal components, whitened": lambda fold: components(fold, 32, whiten=True),
    "probabilities": lambda fold: fold.probabilities,
    "logarithms of probabilities": lambda fold: np.log(fold.probabilities + 1e-4),
}


def judge(vectors: Vectors, fold: Fold, label: NDArray[np.int64], group: NDArray[np.int64]) -> Vectors:
    """Both metrics of each held-out track, NaN where its group has no other: (held-out tracks, 2)."""
    likeness = unit(vectors) @ unit(vectors).T
    np.fill_diagonal(likeness, -np.inf)
    metrics = []
    for track in np.flatnonzero(fold.held_out):
        order = np.argsort(-likeness[track], kind="stable")[:-1]
        others = order[group[order] != group[track]][:NEAREST]
        same = int((group == group[track]).sum()) - 1
        own = np.mean(group[order[:same]] == group[track]) if same else np.nan
        metrics.append((np.mean(label[others] == label[track]), own))
    return np.array(metrics)


def mean_with_interval(values: Vectors, group: NDArray[np.int64]) -> str:
    known = ~np.isnan(values)
    numbers = np.unique(group[known], return_inverse=True)[1]
    zeros = np.zeros_like(numbers)
    sums = np.hstack([tally(numbers, zeros, 1, values[known]), tally(numbers, zeros, 1)])
    drawn = resample(sums)
    low, high = interval(drawn[:, 0] / drawn[:, 1])
    return f"{values[known].mean():+.3f} ({low:+.3f} to {high:+.3f})"


def measure_speed(dataset: Dataset, architecture: str, turns: int = 9) -> None:
    """Clips a second with embeddings and without, by an untrained model, whose arithmetic is the same."""
    statistics = standardisation(load_crops(dataset.examples[:20]))
    members = [build(layers, len(dataset.labels), statistics) for layers in ARCHITECTURES[architecture]]
    card = ModelCard(dataset.labels, dataset.spectrogram_config, statistics, architecture)
    scorer = Scorer(ensemble(members, architecture), card)
    clips = [np.array(load_clip(example)) for example in dataset.examples]
    ways = {"scores alone": scorer.score_many, "scores and embeddings": scorer.score_and_embed}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(turns + 1):
        for name, way in ways.items():
            begin = time.process_time()
            way(clips)
            if turn:  # the first one compiles
                taken[name].append(time.process_time() - begin)
    alone, both = (median(seconds) for seconds in taken.values())
    for name, seconds in taken.items():
        print(f"{name:<24}{1000 * median(seconds) / len(clips):7.2f} ms of a core a clip")
    print(f"with embeddings scoring takes {both / alone:.2f} times as long (median of {turns} turns)")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--architecture", choices=sorted(PRESETS), default="labelscope")
    parser.add_argument("--speed", action="store_true", help="only how long scoring takes")
    arguments = parser.parse_args()
    settings = Settings()
    dataset = read_dataset(settings)
    if arguments.speed:
        measure_speed(dataset, arguments.architecture)
        return
    tasks = [
        (dataset, dataset.split(division), arguments.architecture, random_seed(SEED, number))
        for number, division in enumerate(dataset.grouped_folds(arguments.folds, SEED))
    ]
    with training_processes(settings.workers) as pool:
        folds = in_pool(pool, outputs_of_fold, tasks, lambda: None)
    label = np.array(list(dataset.tracks.values()))
    group = np.unique([dataset.group_of[track] for track in dataset.tracks], return_inverse=True)[1]
    groups_of_rows = np.concatenate([group[fold.held_out] for fold in folds])
    print(
        f"{len(dataset.tracks)} tracks, {len(set(group))} groups, {arguments.folds} folds, {arguments.architecture}"
    )
    print(f"{'':<44}same label, of the ten nearest   own group, of as many as it has")
    stored_metrics: Vectors | None = None
    for name, way in WAYS.items():
        metrics = np.concatenate([judge(way(fold), fold, label, group) for fold in folds])
        stored_metrics = metrics if stored_metrics is None else stored_metrics
        for kind, values in (("", metrics), ("  over the stored one", metrics - stored_metrics)):
            if not kind or name != next(iter(WAYS)):
                cells = "   ".join(mean_with_interval(column, groups_of_rows) for column in values.T)
                print(f"{kind or name:<44}{cells}", flush=True)


if __name__ == "__main__":
    main()
