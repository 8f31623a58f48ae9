"""The course of a recording, drawn: the picture holds the colours of its labels where they sound."""

import io

import matplotlib.image
import numpy as np
import pytest
from numpy.typing import NDArray

from ml.plots.mix import Stretch, plot_mix
from ml.plots.palette import COLOURS, UNKNOWN

pytestmark = pytest.mark.filterwarnings("error")


def drawn(*stretches: Stretch, title: str = "Live", tempo: float = 128.0) -> NDArray[np.uint8]:
    seconds = np.arange(0, stretches[-1].end_s, 1.5)
    paces = np.full_like(seconds, tempo)
    paces[: len(paces) // 4] = np.nan
    content = plot_mix(title, stretches, seconds, np.full_like(seconds, 0.8), paces)
    pixels = matplotlib.image.imread(io.BytesIO(content), format="png")
    return np.round(pixels[..., :3] * 255).astype(np.uint8)


def where(picture: NDArray[np.uint8], colour: str) -> NDArray[np.int64]:
    """The columns of the picture in which there is this colour, undiluted, from left to right."""
    rgb = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return np.flatnonzero((picture == rgb).all(axis=2).sum(axis=0) > 20)


def test_stretches_have_the_colours_of_their_labels_in_order_of_time() -> None:
    picture = drawn(
        Stretch(0, 600, "Drumcode", 0), Stretch(600, 1800, "unknown", None), Stretch(1800, 3600, "Kompakt", 3)
    )
    assert picture.shape == (600, 1320, 3)
    spans = [where(picture, colour) for colour in (COLOURS[0], UNKNOWN, COLOURS[3])]
    middles = [float(np.median(span)) for span in spans]
    assert middles == sorted(middles)
    assert len(spans[0]) < len(spans[1]) < len(spans[2])
    assert len(where(picture, COLOURS[1])) == 0


def test_any_title_and_any_name_can_be_drawn_without_a_word_of_warning() -> None:
    for title in ("$x$ costs $5\n_", "\\frac{ эфир 🎛️" + 500 * "x"):
        names = [title, "_hidden", "", "$", "a\nb"]
        stretches = [Stretch(n * 60, n * 60 + 60, name, n) for n, name in enumerate(names)]
        picture = drawn(*stretches, title=title)
        assert all(len(where(picture, COLOURS[n])) for n in range(len(names)))


def test_a_moment_and_a_day_can_be_drawn_with_and_without_a_tempo() -> None:
    for seconds, tempo in ((1.0, float("nan")), (90_000.0, 128.0)):
        assert len(where(drawn(Stretch(0, seconds, "a", 0), tempo=tempo), COLOURS[0])) > 100
    with pytest.raises(ValueError, match="at least one"):
        plot_mix("nothing", [], *[np.empty(0)] * 3)
