"""Pictures take the names of labels as they are."""

import io

import matplotlib.image
import numpy as np
import pytest

from ml.plots.map import plot_map
from ml.plots.plots import plot_confusion

pytestmark = pytest.mark.filterwarnings("error")
ODD = ["A$AP \\x$", "R&S \\ <b>", "唱片", "_underlined", "$", ""]


def test_a_confusion_matrix_of_labels_with_odd_names_is_drawn() -> None:
    content = plot_confusion(np.arange(36).reshape(6, 6), ODD)
    assert matplotlib.image.imread(io.BytesIO(content)).shape[2] == 4


def test_a_map_explains_every_label_whatever_its_name_begins_with() -> None:
    def explained(names: list[str]) -> int:
        """Pixels right of the map that are not white."""
        content = plot_map(np.zeros((2, 2)), [0, 1], names, "")
        return int((matplotlib.image.imread(io.BytesIO(content))[:, -60:, 0] < 0.9).sum())

    assert explained(["_underlined", "_underlined too"]) > 0
    assert explained(ODD[:2]) > 0
