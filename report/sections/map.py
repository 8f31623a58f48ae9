"""The map: tracks with similar embeddings are close to each other."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from scipy.spatial import cKDTree

from report.charts import PAPER, figure
from report.components import Chart, Columns, Figure, Section, Table, table, text_column
from report.format import chart_text, counted, integer, percent

TITLE = "The map"
LETTERS = 60
"""Characters of a title or an artist at a point: thousands of points make the page large."""
SYMBOLS = ("circle", "square", "triangle-up", "diamond")
"""After ten labels the colours repeat, with the next symbol."""


class Place(Protocol):
    """The point of a track on the map. The label is None where the track has none, or several."""

    @property
    def x(self) -> float: ...
    @property
    def y(self) -> float: ...
    @property
    def label(self) -> str | None: ...
    @property
    def artists(self) -> str | None: ...
    @property
    def title(self) -> str: ...


def section(places: Sequence[Place], colours: Mapping[str, str], unknown: str, tracks: int) -> Section:
    """The section, from places with x, y, label or None, artists and title.

    `colours` has the colour of each label by name, `unknown` is that of tracks without one; `tracks` is the total.
    """
    if not places:
        nothing = "There is no map yet: it needs a model in use, and that model's embeddings of tracks."
        return Section("map", TITLE, "Map", (nothing,))
    sentences = _sentences(places, tracks)
    chart = Chart(
        "map",
        "Tracks by how they sound",
        f"A point for each track, coloured by label. {sentences[0]}",
        _figure(places, colours, unknown),
        520,
    )
    return Section(
        "map",
        TITLE,
        "Map",
        tuple(sentences),
        (chart,),
        tables=(_table(places),),
        explanation="Near means similar; large distances mean little, and the axes mean nothing. Touch a point for its"
        " name. Press a label in the legend to hide it. With a mouse, draw a frame to zoom in, and double-click to zoom"
        " out.",
    )


def _sentences(places: Sequence[Place], tracks: int) -> list[str]:
    same_label, by_chance = _nearest_of_same_label(places)
    sentences = [
        f"{counted(len(places), 'track')}, each near those that sound most like it to the model in use. The nearest"
        f" track has the same label for {percent(same_label, 0)}; chance would give {percent(by_chance, 0)}.",
        "The model was trained on most of them, which draws the tracks of a label together.",
    ]
    if len(places) < tracks:
        sentences.append(f"This is a sample of {integer(tracks)} tracks.")
    return sentences


def _table(places: Sequence[Place]) -> Table:
    columns: Columns[Place] = (
        text_column("Label", lambda row: row.label),
        text_column("Artists", lambda row: row.artists),
        text_column("Title", lambda row: row.title),
    )
    return table("Tracks on the map", columns, places)


def _labels(places: Sequence[Place], colours: Mapping[str, str]) -> list[str | None]:
    """Labels on the map in the order of their colours. None comes first, so that it is drawn below the others."""
    present = {place.label for place in places}
    return [*([None] if None in present else []), *(label for label in colours if label in present)]


def _nearest_of_same_label(places: Sequence[Place]) -> tuple[float, float]:
    """The share of labelled tracks whose nearest neighbour on the map has their label, and what chance would give."""
    labelled = [place for place in places if place.label is not None]
    if len(labelled) < 2:
        return 0.0, 0.0
    points = [(place.x, place.y) for place in labelled]
    # (labelled, 2): the first neighbour is the track itself, or another one at the same point.
    neighbours = cKDTree(points).query(points, k=2)[1]
    same = sum(
        labelled[first if first != position else second].label == labelled[position].label
        for position, (first, second) in enumerate(neighbours)
    )
    sizes = Counter(place.label for place in labelled)
    chance = sum(size * (size - 1) for size in sizes.values()) / (len(labelled) * (len(labelled) - 1))
    return same / len(labelled), chance


def _figure(places: Sequence[Place], colours: Mapping[str, str], unknown: str) -> Figure:
    points = _widest(places)
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": chart_text(label or "no label", 30),
            "x": [points[id(place)][0] for place in of_label],
            "y": [points[id(place)][1] for place in of_label],
            "text": [_hover(place) for place in of_label],
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {
                "color": unknown if label is None else colours[label],
                "symbol": _symbol(label, colours),
                "size": _point_size(len(places)),
                "line": {"color": PAPER, "width": 0.75},
            },
            "showlegend": True,
        }
        for label in _labels(places, colours)
        for of_label in [[place for place in places if place.label == label]]
    ]
    hidden = {"visible": False, "fixedrange": False}
    return figure(traces, xaxis=hidden, yaxis=hidden | {"scaleanchor": "x"}, meta={"map": True})


def _widest(places: Sequence[Place]) -> dict[int, tuple[float, float]]:
    """The point of each place by its `id`, with the map rotated so that it is as wide as possible."""
    points = np.array([(place.x, place.y) for place in places])
    points -= points.mean(axis=0)
    rotated = points @ np.linalg.svd(points.T @ points)[0]
    return {
        id(place): (round(x, 3), round(y, 3)) for place, (x, y) in zip(places, rotated.tolist(), strict=True)
    }


def _symbol(label: str | None, colours: Mapping[str, str]) -> str:
    return "circle" if label is None else SYMBOLS[list(colours).index(label) // 10 % len(SYMBOLS)]


def _point_size(tracks: int) -> int:
    """Pixels."""
    return 9 if tracks < 500 else 7 if tracks < 1500 else 5


def _hover(place: Place) -> str:
    lines = (place.title, place.artists, place.label or "no label")
    return "<br>".join(chart_text(line, LETTERS) for line in lines if line)
