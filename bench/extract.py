"""Time from a sound file to its log-mel spectrogram: librosa's chain, ours, and decoding alone.

Run as `python bench/extract.py CORPUS --clips 60`. CORPUS is a folder with mono MP3s of about 30 s; the
stereo files are made from it, one clip on the left and another on the right. All programs run on one
thread and take turns, ten files each, after a warm-up. Times are processor time, the best of three turns a file and
the median over files, so that other programs on the machine hardly change them.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import librosa
import numpy as np
import soundfile
from threadpoolctl import threadpool_limits

from ml.extract import ClipJob, Extraction, extract_clip
from ml.features.spectrogram import SpectrogramConfig, log_mel
from sound.decode import load_mono

RECIPE = SpectrogramConfig()
SEED = 7
TURNS = 3
IN_A_ROW = 10  # clips that a program takes before the next one's turn, as a worker takes clip after clip


def chain(path: Path) -> Any:
    samples, rate = librosa.load(path)
    return librosa.power_to_db(librosa.feature.melspectrogram(y=samples, sr=rate))


def ours(path: Path) -> Any:
    return log_mel(load_mono(path), RECIPE)


def decoding(path: Path) -> Any:
    samples, _ = soundfile.read(path, dtype="float32")
    return samples


def extraction(path: Path, folder: Path) -> None:
    """The whole extraction of a clip: spectrogram, file and features."""
    result = extract_clip(ClipJob(0, path), RECIPE, folder)
    assert isinstance(result, Extraction), result


def pick(corpus: Path, count: int) -> list[Path]:
    clips = sorted(corpus.rglob("*.mp3"))
    if len(clips) < 2:
        sys.exit(f"{corpus} holds {len(clips)} MP3 files; give a folder with at least two.")
    chosen = np.random.default_rng(SEED).permutation(len(clips))[:count]
    return [clips[index] for index in chosen]


def make_stereo(mono: list[Path], folder: Path) -> list[Path]:
    """One clip on the left, the next on the right, as an MP3 at 44.1 kHz."""
    made: list[Path] = []
    for left, right in zip(mono, mono[1:] + mono[:1], strict=True):
        channels = [librosa.load(path, sr=44100)[0] for path in (left, right)]
        length = min(map(len, channels))
        path = folder / f"{len(made):03d}.mp3"
        soundfile.write(
            path, np.stack([channel[:length] for channel in channels], axis=1), 44100, format="MP3"
        )
        made.append(path)
    return made


def milliseconds(work: Callable[[Path], object], path: Path) -> float:
    begin = time.process_time()
    work(path)
    return 1000 * (time.process_time() - begin)


def measure(paths: list[Path], folder: Path) -> list[float]:
    """Median milliseconds a clip of chain, ours, decoding and the whole extraction."""
    programs: list[Callable[[Path], object]] = [chain, ours, decoding, partial(extraction, folder=folder)]
    for program in programs:
        program(paths[0])
    best: list[list[float]] = [[] for _ in programs]
    for first in range(0, len(paths), IN_A_ROW):
        turn_paths = paths[first : first + IN_A_ROW]
        turns = [
            [[milliseconds(program, path) for path in turn_paths] for program in programs]
            for _ in range(TURNS)
        ]
        for best_of_program, of_program in zip(best, zip(*turns, strict=True), strict=True):
            best_of_program += [min(times) for times in zip(*of_program, strict=True)]
    return [median(times) for times in best]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--clips", type=int, default=60)
    arguments = parser.parse_args()
    threadpool_limits(limits=1)
    mono = pick(arguments.corpus, arguments.clips)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stereo = make_stereo(mono, folder)
        print(
            "ms a clip (median)      librosa     ours  decoding  librosa/ours  ours/decoding  with features"
        )
        for kind, paths in (("mono MP3", mono), ("stereo MP3", stereo)):
            librosas, own, floor, whole = measure(paths, folder)
            print(
                f"{f'{len(paths)} x {kind}':<22} {librosas:8.1f} {own:8.1f} {floor:9.1f} "
                f"{librosas / own:13.2f} {own / floor:14.2f} {whole:14.1f}"
            )
        worst = max(float(np.abs(chain(path).T - ours(path)).max()) for path in mono[:10] + stereo[:10])
        print(f"largest difference from librosa: {worst:.5f} dB")


if __name__ == "__main__":
    main()
