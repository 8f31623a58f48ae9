"""How well a found sequence of labels agrees with the true one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Stretch:
    """A label, or None for unknown, from one moment to another."""

    start_s: float
    end_s: float
    label: str | None


def joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    """The same stretches; neighbours with the same label are joined."""
    result: list[Stretch] = []
    for stretch in stretches:
        if result and result[-1].label == stretch.label:
            result[-1] = Stretch(result[-1].start_s, stretch.end_s, stretch.label)
        else:
            result.append(stretch)
    return result


def boundaries(stretches: Sequence[Stretch]) -> NDArray[np.float64]:
    """The moments at which the label changes, in seconds."""
    return np.array([stretch.start_s for stretch in joined(stretches)[1:]])


def right_seconds(true: Sequence[Stretch], found: Sequence[Stretch]) -> float:
    """Seconds for which the true label is found. Both cover the same time."""
    return sum(
        max(0.0, min(first.end_s, second.end_s) - max(first.start_s, second.start_s))
        for first in true
        for second in found
        if first.label == second.label
    )


def hits(true: NDArray[np.float64], found: NDArray[np.float64], within_s: float) -> int:
    """The number of true moments that match one found moment each, at most `within_s` away; both ascend.

    As in mir_eval.segment.detection. Taking the earliest match each time gives the largest number.
    """
    number, position = 0, 0
    for moment in true:
        while position < len(found) and found[position] < moment - within_s:
            position += 1
        if position < len(found) and found[position] <= moment + within_s:
            number, position = number + 1, position + 1
    return number


def errors(true: NDArray[np.float64], found: NDArray[np.float64]) -> NDArray[np.float64]:
    """From each true moment to the nearest found one, in seconds; infinite where there is none."""
    if not len(found):
        return np.full(len(true), np.inf)
    return np.abs(true[:, None] - found[None]).min(axis=1)


def broken_seconds(whole: Sequence[Stretch], parts: Sequence[Stretch]) -> float:
    """Seconds of each stretch of one sequence that are not in the longest piece that the other leaves whole.

    Harte's directional Hamming distance (mir_eval.chord), not divided by the time: of the true sequence in the found
    one it measures over-segmentation, the other way round under-segmentation.
    """
    cuts = joined(parts)
    broken = 0.0
    for stretch in joined(whole):
        overlaps = [min(stretch.end_s, cut.end_s) - max(stretch.start_s, cut.start_s) for cut in cuts]
        broken += stretch.end_s - stretch.start_s - max(overlaps)
    return broken
