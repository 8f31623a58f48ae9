"""The picture of an explanation: the spectrogram above, and labels in their colours where they are probable."""

import io

import matplotlib.image
import numpy as np
import pytest
from numpy.typing import NDArray

from ml.features.spectrogram import SpectrogramConfig
from ml.plots.explanation import LEGEND_LABELS, plot_explanation
from ml.plots.palette import COLOURS

pytestmark = pytest.mark.filterwarnings("error")


def drawn(
    probabilities: NDArray[np.floating], names: list[str], frames: int = 1292, start_s: float = 0.0
) -> NDArray[np.uint8]:
    levels = np.linspace(-80, 0, frames * 128, dtype=np.float16).reshape(frames, 128)
    middle_s = 1.5 + 1.5 * np.arange(len(probabilities))
    positions = range(len(names))
    content = plot_explanation(
        names[0], levels, SpectrogramConfig(), start_s, middle_s, probabilities, names, positions
    )
    pixels = matplotlib.image.imread(io.BytesIO(content), format="png")
    return np.round(pixels[..., :3] * 255).astype(np.uint8)


def places(picture: NDArray[np.uint8], colour: str) -> NDArray[np.int64]:
    """Rows and columns, left of the legend, of the pixels with this very colour: (pixels, 2)."""
    rgb = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return np.argwhere((picture[:, :1100] == rgb).all(axis=2))


def test_the_more_probable_label_is_higher_at_its_time() -> None:
    probabilities = np.array([[0.9, 0.1]] * 9 + [[0.1, 0.9]] * 9)
    picture = drawn(probabilities, ["Kompakt", "Drumcode"])
    assert picture.shape == (720, 1320, 3)
    of_first, of_second = (places(picture, colour) for colour in COLOURS[:2])
    left, right = (
        [rows[rows[:, 1] < 550, 0].mean() for rows in (of_first, of_second)],
        [rows[rows[:, 1] > 650, 0].mean() for rows in (of_first, of_second)],
    )
    assert left[0] < left[1] and right[0] > right[1]  # rows are counted from the top
    assert min(of_first[:, 0].min(), of_second[:, 0].min()) > 350  # below the spectrogram


def test_odd_names_many_labels_and_a_single_crop_are_drawn() -> None:
    names = ["$x$ costs $5\n_", "_hidden", "", "唱片", *(f"label {number}" for number in range(30))]
    shares = np.full((1, len(names)), 0.01)
    shares[0, LEGEND_LABELS + 15] = 0.66
    picture = drawn(shares, names, frames=130, start_s=3725.0)
    colour = COLOURS[(LEGEND_LABELS + 15) % len(COLOURS)]
    assert len(places(picture, colour)) > 10
