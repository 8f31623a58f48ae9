"""Colours of labels: fixed, and distinct for people with colour blindness."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.plots.palette import COLOURS, UNKNOWN, colour_of

# What is left of linear RGB without one kind of cones: Machado, Oliveira and Fernandes 2009, severity 1.
SIGHTS = {
    "all": np.eye(3),
    "no red": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "no green": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "no blue": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = np.array([0.95047, 1, 1.08883])


def seen(colour: str, sight: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b* of a colour: equal distances look about equally large, and 2.3 is just noticed."""
    share = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(sight @ linear, 0, 1) / WHITE
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHTS)
def test_all_colours_are_told_apart_with_whatever_cones(sight: str) -> None:
    for one, other in itertools.combinations((*COLOURS, UNKNOWN), 2):
        assert np.linalg.norm(seen(one, SIGHTS[sight]) - seen(other, SIGHTS[sight])) > 12, (one, other)


def test_a_label_has_its_colour_by_its_place_and_unknown_is_grey() -> None:
    assert [colour_of(n) for n in range(len(COLOURS))] == list(COLOURS)
    assert colour_of(len(COLOURS)) == COLOURS[0]
    assert colour_of(None) == UNKNOWN not in COLOURS
