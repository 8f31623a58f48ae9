"""Maps: who lies near whom, the same each time, and pictures of them."""

import numpy as np
import pytest

from ml.plots.map import plot_map
from ml.plots.projection import places


def embeddings(groups: int, each: int) -> np.ndarray:
    random = np.random.default_rng(0)
    centres = random.normal(0, 1, (groups, 256))
    return np.repeat(centres, each, axis=0) + random.normal(0, 0.2, (groups * each, 256))


def test_similar_tracks_are_close_and_the_map_is_repeatable() -> None:
    found = places(embeddings(3, 20))
    distances = np.linalg.norm(found[:, None] - found[None], axis=2) + np.diag([np.inf] * 60)
    nearest = distances.argmin(axis=1)
    assert (nearest // 20 == np.arange(60) // 20).all()
    assert np.array_equal(found, places(embeddings(3, 20)))


@pytest.mark.parametrize("number", [0, 1, 3, 4, 7])
def test_few_tracks_have_places_too(number: int) -> None:
    found = places(embeddings(1, number))
    assert found.shape == (number, 2) and np.isfinite(found).all()


def test_tracks_that_are_all_alike_have_places_too() -> None:
    assert np.isfinite(places(np.ones((9, 256)))).all()


def test_a_picture_takes_names_as_they_are_and_tracks_without_a_label() -> None:
    names = ["A$AP \\x$", "R&S \\ <b>", "唱片"]
    png = plot_map(embeddings(2, 3)[:, :2], [0, 1, 2, None, 0, None], names, "six $ tracks")
    assert png.startswith(b"\x89PNG")
    assert plot_map(np.empty((0, 2)), [], names, "nothing").startswith(b"\x89PNG")
    many = [f"label {number}" for number in range(300)]
    assert plot_map(embeddings(1, 300)[:, :2], range(300), many, "many").startswith(b"\x89PNG")
