"""The map: tracks that sound alike to the model lie close to each other."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from report.charts import PAPER, figure
from report.parts import Chart, Figure, Section, table, text_column
from report.words import counted, in_chart, share, whole

TITLE = "The map"
LETTERS = 60
"""Of a title or an artist beside a point: with thousands of points each letter counts."""
SYMBOLS = ("circle", "square", "triangle-up", "diamond")
"""Another one each time that the ten colours begin anew."""


def section(places: Sequence[Any], colours: Mapping[str, str], unknown: str, tracks: int) -> Section:
    """Places with x, y, label or None, artists and title; the colour of each label; how many tracks there are."""
    if not places:
        return Section(
            "map",
            TITLE,
            "Map",
            ("There is no map yet: it needs a model in use, and what that model hears in each track.",),
        )
    groups = {
        label: [place for place in places if place.label == label] for label in _labels(places, colours)
    }
    alike, lucky = _of_one_label(places)
    sentences = [
        f"{counted(len(places), 'track')}, each beside those that sound most like it to the model in use: of"
        f" {share(alike, 0)} the nearest on the map is of the same label, and by chance it would be {share(lucky, 0)}."
    ]
    sentences.append("It has learnt from most of them, which draws a label's tracks together.")
    if len(places) < tracks:
        sentences.append(f"A sample: {whole(tracks)} tracks are here.")
    return Section(
        "map",
        TITLE,
        "Map",
        tuple(sentences),
        (
            Chart(
                "map",
                "Tracks by how they sound",
                f"A point for each track, coloured by label. {sentences[0]}",
                _figure(groups, _laid_out(places), colours, unknown),
                520,
            ),
        ),
        tables=(
            table(
                "Tracks on the map",
                (
                    text_column("Label", "label"),
                    text_column("Artists", "artists"),
                    text_column("Title", "title"),
                ),
                places,
            ),
        ),
        reading="Near is alike, far says little, and the axes mean nothing. Touch a point for its name, a label in the"
        " legend to hide it; with a mouse, draw a frame to look closer, and click twice to come back.",
    )


def _labels(places: Sequence[Any], colours: Mapping[str, str]) -> list[str | None]:
    """Labels on the map in the order of their colours; those without one come first, to lie below."""
    present = {place.label for place in places}
    return [*([None] if None in present else []), *(label for label in colours if label in present)]


def _of_one_label(places: Sequence[Any]) -> tuple[float, float]:
    """The share of labelled tracks whose nearest neighbour on the map has their label, and what chance would give."""
    labelled = [place for place in places if place.label is not None]
    if len(labelled) < 2:
        return 0.0, 0.0
    spots = [(place.x, place.y) for place in labelled]
    nearest = cKDTree(spots).query(spots, k=2)[
        1
    ]  # the first is the track itself, or one that lies where it does
    same = sum(
        labelled[first if first != place else second].label == labelled[place].label
        for place, (first, second) in enumerate(nearest)
    )
    sizes: dict[str, int] = {}
    for place in labelled:
        sizes[place.label] = sizes.get(place.label, 0) + 1
    chance = sum(size * (size - 1) for size in sizes.values()) / (len(labelled) * (len(labelled) - 1))
    return same / len(labelled), chance


def _laid_out(places: Sequence[Any]) -> dict[int, tuple[float, float]]:
    """Where each place lies by its identity: turned so that the map is as wide as it can be."""
    spots = np.array([(place.x, place.y) for place in places])
    spots -= spots.mean(axis=0)
    turned = spots @ np.linalg.svd(spots.T @ spots)[0]
    return {
        id(place): (round(x, 3), round(y, 3)) for place, (x, y) in zip(places, turned.tolist(), strict=True)
    }


def _figure(
    groups: Mapping[str | None, Sequence[Any]],
    spots: Mapping[int, tuple[float, float]],
    colours: Mapping[str, str],
    unknown: str,
) -> Figure:
    many = len(spots)
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": in_chart(label or "no label", 30),
            "x": [spots[id(place)][0] for place in places],
            "y": [spots[id(place)][1] for place in places],
            "text": [_named(place) for place in places],
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {
                "color": colours[label] if label is not None else unknown,
                "symbol": SYMBOLS[list(colours).index(label) // 10 % len(SYMBOLS)]
                if label is not None
                else "circle",
                "size": 9 if many < 500 else 7 if many < 1500 else 5,
                "line": {"color": PAPER, "width": 0.75},
            },
            "showlegend": True,
        }
        for label, places in groups.items()
    ]
    hidden = {"visible": False, "fixedrange": False}
    return figure(
        traces,
        xaxis=hidden,
        yaxis=hidden | {"scaleanchor": "x"},
        meta={"map": True},
    )


def _named(place: Any) -> str:
    lines = (place.title, place.artists, place.label or "no label")
    return "<br>".join(in_chart(line, LETTERS) for line in lines if line)
