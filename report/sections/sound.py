"""How the labels sound in numbers: the spread of each audio feature, label by label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from report.charts import INK, figure, names_axis, rows_height
from report.parts import Chart, Column, Figure, Section, Table, number_column, table, text_column
from report.words import counted, decimal, in_chart, named, whole

TITLE = "How the labels sound"


@dataclass(frozen=True, slots=True)
class Feature:
    """A column of audio_features, and how people call it."""

    title: str
    unit: str
    says: str


FEATURES: Final = {
    "tempo_bpm": Feature("Tempo", "beats per minute", "faster"),
    "loudness_lufs": Feature("Loudness", "LUFS", "louder"),
    "onset_rate": Feature("Onsets", "a second", "busier"),
    "spectral_centroid_hz": Feature("Spectral centroid", "Hz", "brighter"),
    "spectral_rolloff_hz": Feature("Spectral roll-off", "Hz, 85 % below", "brighter"),
    "spectral_flatness": Feature("Spectral flatness", "0 tone, 1 noise", "noisier"),
    "zero_crossing_rate": Feature("Zero crossings", "share of samples", "noisier"),
    "energy": Feature("Energy", "as services measure, 0 to 1", "more energetic"),
    "danceability": Feature("Danceability", "as services measure, 0 to 1", "more danceable"),
    "valence": Feature("Valence", "as services measure, 0 to 1", "brighter in mood"),
}
"""Those that are shown, where they are known."""
PERCENTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
SPREAD: Final = 1.0
"""Between the medians of two labels, in quartile ranges of one: from there on it is said to tell them apart."""


def section(labels: Sequence[Any], colours: Mapping[int, str], left_out: int = 0) -> Section:
    """For each label label_id, label, rows, and by each feature's name its five PERCENTILES or None."""
    known = {
        name: feature
        for name, feature in FEATURES.items()
        if any(_percentiles(row, name) is not None for row in labels)
    }
    if not known:
        return Section("sound", TITLE, "Sound", ("Nothing was measured yet: labelscope extract.",))
    heard = sum(row.rows for row in labels)
    sentences = [f"Measured of {counted(heard, 'clip')} of {counted(len(labels), 'label')}."]
    if telling := _most_telling(labels, known):
        sentences.append(telling)
    if left_out:
        sentences.append(f"These are the labels with the most tracks; {whole(left_out)} others are left out.")
    charts = tuple(
        Chart(
            f"sound-{name.replace('_', '-')}",
            feature.title,
            f"Boxes of {feature.title} in {feature.unit}, one a label: {_medians(labels, name)}.",
            _figure(labels, name, feature, colours),
            rows_height(len(labels), each=30, around=64),
            wide=False,
            behind=_table(labels, name, feature),
        )
        for name, feature in known.items()
    )
    return Section(
        "sound",
        TITLE,
        "Sound",
        tuple(sentences),
        charts,
        reading="A box holds the middle half of a label's clips, the line in it is their median; the whiskers leave out"
        " the lowest and the highest 5 %.",
    )


def _table(labels: Sequence[Any], name: str, feature: Feature) -> Table:
    def percentile(place: int) -> Column:
        return Column(f"{PERCENTILES[place]:.0%}", lambda row: _shown(row, name, place))

    percentiles = map(percentile, range(len(PERCENTILES)))
    columns = (text_column("Label", "label"), number_column("Clips", "rows", whole), *percentiles)
    return table(f"{feature.title} ({feature.unit}), percentiles", columns, labels)


def _percentiles(row: Any, name: str) -> Sequence[float] | None:
    values: Sequence[float] | None = getattr(row, name)
    return values


def _shown(row: Any, name: str, place: int) -> str:
    values = _percentiles(row, name)
    return decimal(values[place] if values else None)


def _medians(labels: Sequence[Any], name: str) -> str:
    return ", ".join(f"{named(row.label)} {_shown(row, name, 2)}" for row in labels)


def _most_telling(labels: Sequence[Any], known: Mapping[str, Feature]) -> str | None:
    """The feature whose medians lie furthest apart, measured by how wide the boxes are."""
    found: list[tuple[float, str]] = []
    for name, feature in known.items():
        rows = [(row, values) for row in labels if (values := _percentiles(row, name))]
        if len(rows) < 2:
            continue
        low, high = min(rows, key=lambda pair: pair[1][2]), max(rows, key=lambda pair: pair[1][2])
        width = sum(values[3] - values[1] for _, values in rows) / len(rows)
        if width > 0 and (apart := (high[1][2] - low[1][2]) / width) > SPREAD:
            found.append(
                (
                    apart,
                    f"{feature.title} tells them apart most: {named(high[0].label)} is {feature.says}"
                    f" than {named(low[0].label)} (medians {decimal(high[1][2])} and {decimal(low[1][2])}).",
                )
            )
    return max(found)[1] if found else None


def _figure(labels: Sequence[Any], name: str, feature: Feature, colours: Mapping[int, str]) -> Figure:
    traces = []
    for place, row in enumerate(labels):
        values = _percentiles(row, name)
        if values is None:
            continue
        low, first, median, third, high = (float(f"{value:.5g}") for value in values)
        traces.append(
            {
                "type": "box",
                "orientation": "h",
                "name": in_chart(row.label),
                "y": [place],
                "lowerfence": [low],
                "q1": [first],
                "median": [median],
                "q3": [third],
                "upperfence": [high],
                "line": {"color": INK, "width": 1.2},
                "fillcolor": colours[row.label_id],
                "width": 0.55,
                "hoverinfo": "x+name",
                "showlegend": False,
            }
        )
    return figure(
        traces,
        yaxis=names_axis([row.label for row in labels], zeroline=False),
        xaxis={"title": {"text": feature.unit}, "nticks": 6, "zeroline": False},
    )
