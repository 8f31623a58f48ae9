"""Seconds of an epoch: our training, and a plain Keras script of the same network on the same crops in memory.

Run as `python -m bench.train FOLDER`, with one sub-folder of MP3 clips for each label. Both programs train the
notebook's network (`seed`) on all clips; they take turns, and the first epoch of each turn, which compiles, is not
counted. Then: an epoch of half the clips beside one of all, ours beside the notebook's, clips scored per second
beside clips read per second, and the memory that a training takes beside that of one on four times the clips.
"""

import argparse
import resource
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from multiprocessing import Pool, get_context
from pathlib import Path
from statistics import median

import keras
import numpy as np

from ml.data.crops import Crops, Example, load_crops, standardisation
from ml.data.hyperparameters import PRESETS
from ml.features.spectrogram import SpectrogramConfig, load_spectrogram, log_mel, save_spectrogram
from ml.models.networks import build, seed
from ml.models.scorer import Scorer
from ml.models.train import train
from sound.decode import load_mono

TURNS = 3
EPOCHS = 4  # a turn, the first of which is not counted


def extract(path: Path, folder: Path) -> tuple[Path, int]:
    spectrogram = log_mel(load_mono(path), SpectrogramConfig())
    return folder / save_spectrogram(folder, spectrogram).path, len(spectrogram)


def read_examples(music: Path, folder: Path) -> tuple[list[Example], tuple[str, ...]]:
    """The spectrogram of every clip, below `folder`."""
    labels = tuple(sorted(path.name for path in music.iterdir() if path.is_dir()))
    paths = [path for label in labels for path in sorted((music / label).rglob("*.mp3"))]
    if len(labels) < 2 or len(paths) < 64:
        sys.exit(
            f"{music} holds {len(paths)} MP3 clips of {len(labels)} labels; give 64 of two labels at least."
        )
    with Pool() as pool:
        extracted = pool.map(partial(extract, folder=folder), paths)
    examples = [
        Example(number, number, labels.index(path.relative_to(music).parts[0]), *extraction)
        for number, (path, extraction) in enumerate(zip(paths, extracted, strict=True))
    ]
    return examples, labels


def ours(crops: Crops, labels: tuple[str, ...], architecture: str) -> list[float]:
    hyperparameters = replace(PRESETS[architecture], epochs=EPOCHS, minimum_steps=1, patience=None, members=1)
    history = train(crops, None, labels, {}, hyperparameters).history
    return [sum(row.seconds for row in history if row.epoch == epoch) for epoch in range(2, EPOCHS + 1)]


def plain(crops: Crops, labels: tuple[str, ...]) -> list[float]:
    """Training as in a notebook: all crops in one array, and `fit`."""
    everything = crops.take(np.arange(len(crops))).astype(np.float32)
    whole = len(crops) // 64 * 64  # whole batches, as ours has
    network = build(seed, len(labels), standardisation(crops))
    network.compile(
        keras.optimizers.Adam(0.0003),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=True,
    )
    moments = [0.0]
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: moments.append(time.perf_counter()))
    network.fit(
        everything[:whole], crops.label[:whole], batch_size=64, epochs=EPOCHS, callbacks=[watch], verbose=0
    )
    return np.diff(moments)[1:].tolist()


def scored_per_second(crops: Crops, labels: tuple[str, ...]) -> tuple[float, float]:
    """Clips that a model scores, and clips that are merely read, in a second."""
    scorer: Scorer = train(
        crops, None, labels, {}, replace(PRESETS["labelscope"], epochs=1, minimum_steps=1)
    ).scorer
    paths = [example.path for example in crops.examples]
    scorer.score_many(load_spectrogram(path) for path in paths[:10])
    began = time.perf_counter()
    scorer.score_many(load_spectrogram(path) for path in paths)
    scored = time.perf_counter()
    for path in paths:
        np.array(load_spectrogram(path))
    read = time.perf_counter()
    return len(paths) / (scored - began), len(paths) / (read - scored)


def peak_mebibytes(examples: list[Example], labels: tuple[str, ...], times: int) -> float:
    """The peak memory of a process that trains for an epoch on so many times the clips."""
    with get_context("spawn").Pool(1) as pool:
        return float(pool.apply(_train_in_here, (examples * times, labels)))


def _train_in_here(examples: list[Example], labels: tuple[str, ...]) -> float:
    train(load_crops(examples), None, labels, {}, replace(PRESETS["labelscope"], epochs=1, minimum_steps=1))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        examples, labels = read_examples(arguments.folder, Path(name))
        crops, half = load_crops(examples), load_crops(examples[::2])
        ours(half, labels, "seed")  # what is compiled and cached once is not counted
        programs = {
            "seed, plain Keras in memory": partial(plain, crops, labels),
            "seed, ours from files": partial(ours, crops, labels, "seed"),
            "seed, ours, half the clips": partial(ours, half, labels, "seed"),
            "labelscope, three networks": partial(ours, crops, labels, "labelscope"),
        }
        seconds: dict[str, list[float]] = {program: [] for program in programs}
        for _ in range(TURNS):
            for program, run in programs.items():
                seconds[program] += run()
        medians = {program: median(times) for program, times in seconds.items()}
        floor = medians["seed, plain Keras in memory"]
        print(
            f"{len(crops.examples)} clips, {len(crops)} crops; seconds an epoch (median of {TURNS * (EPOCHS - 1)})"
        )
        for program, value in medians.items():
            print(f"  {program:<30} {value:7.2f}   {value / floor:5.2f} x plain Keras")
        scored, read = scored_per_second(crops, labels)
        print(
            f"clips scored {scored:.0f}/s, read {read:.0f}/s: scoring is {read / scored:.0f} x reading alone"
        )
        once, often = (peak_mebibytes(examples, labels, times) for times in (1, 4))
        print(f"peak memory of a training {once:.0f} MiB, on four times the clips {often:.0f} MiB")


if __name__ == "__main__":
    main()
