"""How well neighbours fit, by what is compared: embeddings as they are stored, other ways to make them, probabilities.

Run as `LABELSCOPE_HOME=… python -m bench.embeddings` on a home that holds a crate (`labelscope run --folder …`). The
groups are dealt into folds; for each a model is trained that has not heard it, and every track of the fold looks for
its neighbours among all tracks. Two figures, both 1 at best: the share of the ten nearest tracks of other groups that
have the same label, and the share of a track's own group (the same recording, or artist) among as many nearest tracks.
Each with its 95 % interval over groups, and what it has over the stored embedding, paired. Some six minutes on two
cores. `--speed` trains nothing, and says how long scoring takes with embeddings and without, in turns.
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

from bench.choices import read_crate
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
    """What a model hears in all tracks of the crate, in their order."""

    probabilities: Vectors
    parts: list[Vectors]  # of each network what goes into its decision, mean over crops
    unit_parts: list[Vectors]  # the same, each crop's brought to length 1 before
    learnt: NDArray[np.bool_]  # the tracks that it has learnt from
    asked: NDArray[np.bool_]  # and those that it has not heard


def hear(crate: Dataset, sides: SplitExamples, architecture: str, seed: int) -> Fold:
    scorer = train_on(crate, sides, PRESETS[architecture], seed)
    network = scorer.network
    members = [layer for layer in network.layers if isinstance(layer, keras.Model)] or [network]
    crops = keras.Input(network.input_shape[1:])
    heard = [keras.Model(one.input, [one.output, one.layers[-1].input])(crops) for one in members]
    both = keras.Model(crops, [output for pair in heard for output in pair])
    rows: dict[int, list[list[Vectors]]] = {track: [] for track in crate.tracks}
    frames = scorer.card.crop_frames
    for example in crate.examples:
        spectrogram = np.asarray(load_clip(example))
        number = len(spectrogram) // frames
        batch = spectrogram[: number * frames].reshape(number, frames, -1)
        outputs = [np.asarray(output, dtype=np.float64) for output in both.predict_on_batch(batch)]
        parts = outputs[1::2]
        of_clip = [np.mean(outputs[0::2], axis=0), *parts, *map(unit, parts)]
        rows[example.track_id].append([values.mean(axis=0) for values in of_clip])
    columns = [np.stack(column) for column in zip(*map(mean_of_clips, rows.values()), strict=True)]
    learnt, asked = ({example.track_id for example in side} for side in (sides.train, sides.holdout))
    number = len(members)
    return Fold(
        columns[0],
        columns[1 : 1 + number],
        columns[1 + number :],
        np.array([track in learnt for track in rows]),
        np.array([track in asked for track in rows]),
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
    return np.hstack([unit(part - part[fold.learnt].mean(axis=0)) for part in fold.parts])


def components(fold: Fold, number: int, whiten: bool = False) -> Vectors:
    fitted = PCA(number, whiten=whiten, svd_solver="full").fit(whole(fold)[fold.learnt])
    return np.asarray(fitted.transform(whole(fold)))


WAYS: dict[str, Callable[[Fold], Vectors]] = {
    "as stored: 256 numbers by signs": stored,
    "in full, before the projection": whole,
    "128 numbers by signs": lambda fold: stored(fold, 128),
    "64 numbers by signs": lambda fold: stored(fold, 64),
    "in full, mean of crops before length 1": lambda fold: np.hstack([unit(part) for part in fold.parts]),
    "in full, less the mean of what was learnt": centred,
    "the same, 256 numbers by signs": lambda fold: centred(fold) @ projection(centred(fold).shape[1]),
    "128 principal components": lambda fold: components(fold, 128),
    "32 principal components": lambda fold: components(fold, 32),
    "128 principal components, whitened": lambda fold: components(fold, 128, whiten=True),
    "32 principal components, whitened": lambda fold: components(fold, 32, whiten=True),
    "probabilities": lambda fold: fold.probabilities,
    "logarithms of probabilities": lambda fold: np.log(fold.probabilities + 1e-4),
}


def judge(vectors: Vectors, fold: Fold, label: NDArray[np.int64], group: NDArray[np.int64]) -> Vectors:
    """Both figures of each track that was asked about, NaN where its group has no other: (asked, 2)."""
    likeness = unit(vectors) @ unit(vectors).T
    np.fill_diagonal(likeness, -np.inf)
    figures = []
    for track in np.flatnonzero(fold.asked):
        order = np.argsort(-likeness[track], kind="stable")[:-1]
        others = order[group[order] != group[track]][:NEAREST]
        same = int((group == group[track]).sum()) - 1
        own = np.mean(group[order[:same]] == group[track]) if same else np.nan
        figures.append((np.mean(label[others] == label[track]), own))
    return np.array(figures)


def mean_with_interval(values: Vectors, group: NDArray[np.int64]) -> str:
    known = ~np.isnan(values)
    numbers = np.unique(group[known], return_inverse=True)[1]
    zeros = np.zeros_like(numbers)
    sums = np.hstack([tally(numbers, zeros, 1, values[known]), tally(numbers, zeros, 1)])
    drawn = resample(sums)
    low, high = interval(drawn[:, 0] / drawn[:, 1])
    return f"{values[known].mean():+.3f} ({low:+.3f} to {high:+.3f})"


def measure_speed(crate: Dataset, architecture: str, turns: int = 9) -> None:
    """Clips a second with embeddings and without, by an untrained model, whose arithmetic is the same."""
    statistics = standardisation(load_crops(crate.examples[:20]))
    members = [build(layers, len(crate.labels), statistics) for layers in ARCHITECTURES[architecture]]
    card = ModelCard(crate.labels, crate.spectrogram_config, statistics, architecture)
    scorer = Scorer(ensemble(members, architecture), card)
    clips = [np.array(load_clip(example)) for example in crate.examples]
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
    crate = read_crate(settings)
    if arguments.speed:
        measure_speed(crate, arguments.architecture)
        return
    tasks = [
        (crate, crate.split(division), arguments.architecture, random_seed(SEED, number))
        for number, division in enumerate(crate.grouped_folds(arguments.folds, SEED))
    ]
    with training_processes(settings.workers) as pool:
        folds = in_pool(pool, hear, tasks, lambda: None)
    label = np.array(list(crate.tracks.values()))
    group = np.unique([crate.group_of[track] for track in crate.tracks], return_inverse=True)[1]
    asked = np.concatenate([group[fold.asked] for fold in folds])
    print(
        f"{len(crate.tracks)} tracks, {len(set(group))} groups, {arguments.folds} folds, {arguments.architecture}"
    )
    print(f"{'':<44}same label, of the ten nearest   own group, of as many as it has")
    standing: Vectors | None = None
    for name, way in WAYS.items():
        figures = np.concatenate([judge(way(fold), fold, label, group) for fold in folds])
        standing = figures if standing is None else standing
        for kind, values in (("", figures), ("  over the stored one", figures - standing)):
            if not kind or name != next(iter(WAYS)):
                cells = "   ".join(mean_with_interval(column, asked) for column in values.T)
                print(f"{kind or name:<44}{cells}", flush=True)


if __name__ == "__main__":
    main()
