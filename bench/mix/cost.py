"""The cost of a long mix: seconds beside bare decoding of the same file, and memory above that of a loaded model."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from ml.mixes.analyse import analyse
from ml.mixes.segmentation import timeline
from ml.mixes.summary import summarise
from ml.models.scorer import load_model
from sound.libsndfile import BLOCK_FRAMES, LibsndfileStream

TURNS = 2


@dataclass(frozen=True, slots=True, order=True)
class Seconds:
    """Wall time, and time of all processors together, which does not depend on how busy the machine is."""

    wall: float
    processor: float


@dataclass(frozen=True, slots=True)
class Cost:
    minutes: float
    decoding: Seconds
    analysis: Seconds  # all of it: scores, timeline, summary
    mebibytes: float  # at most, above what the process held with its model loaded


def cost(mix: Path, model: Path, warm_up: Path) -> Cost:
    """Measured in a process of its own, the better of two turns; `warm_up` is a short file that is analysed first."""
    with get_context("spawn").Pool(1) as pool:
        turns: Sequence[Cost] = pool.apply(_in_here, (mix, model, warm_up))
    return Cost(
        turns[0].minutes,
        min(turn.decoding for turn in turns),
        min(turn.analysis for turn in turns),
        max(turn.mebibytes for turn in turns),
    )


def _in_here(mix: Path, model: Path, warm_up: Path) -> list[Cost]:
    scorer = load_model(model)
    scorer.score_many([np.zeros((scorer.card.crop_frames, 128), dtype=np.float32)])  # compiled once a process
    memory_before = _mebibytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    analyse(warm_up, scorer)  # imports all modules, whose memory counts, but not their time
    turns = []
    for _ in range(TURNS):
        began = _now()
        _decode(mix)
        decoded = _now()
        scores = analyse(mix, scorer)
        summarise(timeline(scores, scorer.card.calibration), scores)
        ended = _now()
        turns.append(
            Cost(
                scores.duration_s / 60,
                _between(began, decoded),
                _between(decoded, ended),
                _mebibytes("VmHWM") - memory_before,
            )
        )
    return turns


def _now() -> Seconds:
    return Seconds(time.perf_counter(), time.process_time())


def _between(began: Seconds, ended: Seconds) -> Seconds:
    return Seconds(ended.wall - began.wall, ended.processor - began.processor)


def _decode(path: Path) -> None:
    """Every block of a file, thrown away."""
    with path.open("rb", buffering=0) as file, LibsndfileStream(path, file) as sound:
        block = np.empty((BLOCK_FRAMES, sound.channels), dtype=np.float32)
        while len(sound.read(out=block)):
            pass


def _mebibytes(name: str) -> float:
    """A line of /proc/self/status, whose unit is KiB, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024
