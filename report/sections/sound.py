"""The distribution of each audio feature, label by label."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from report.charts import INK, figure, names_axis, rows_height
from report.components import Chart, Column, Columns, Figure, Section, Table, table, text_column
from report.format import chart_text, counted, decimal, integer, short_name

TITLE = "How the labels sound"


class LabelSound(Protocol):
    """A label, its number of clips (`rows`), and PERCENTILES of each audio feature; None without a value."""

    @property
    def label_id(self) -> int: ...
    @property
    def label(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def tempo_bpm(self) -> Sequence[float] | None: ...
    @property
    def loudness_lufs(self) -> Sequence[float] | None: ...
    @property
    def onset_rate(self) -> Sequence[float] | None: ...
    @property
    def spectral_centroid_hz(self) -> Sequence[float] | None: ...
    @property
    def spectral_rolloff_hz(self) -> Sequence[float] | None: ...
    @property
    def spectral_flatness(self) -> Sequence[float] | None: ...
    @property
    def zero_crossing_rate(self) -> Sequence[float] | None: ...
    @property
    def energy(self) -> Sequence[float] | None: ...
    @property
    def danceability(self) -> Sequence[float] | None: ...
    @property
    def valence(self) -> Sequence[float] | None: ...


@dataclass(frozen=True, slots=True)
class Feature:
    """A column of audio_features, as the page shows it."""

    title: str
    unit: str
    comparative: str
    """What a label is that has more of it."""
    percentiles: Callable[[LabelSound], Sequence[float] | None]


FEATURES: Final = {
    "tempo_bpm": Feature("Tempo", "BPM", "faster", lambda row: row.tempo_bpm),
    "loudness_lufs": Feature("Loudness", "LUFS", "louder", lambda row: row.loudness_lufs),
    "onset_rate": Feature("Onsets", "per second", "busier", lambda row: row.onset_rate),
    "spectral_centroid_hz": Feature(
        "Spectral centroid", "Hz", "brighter", lambda row: row.spectral_centroid_hz
    ),
    "spectral_rolloff_hz": Feature(
        "Spectral roll-off", "Hz, 85 % below", "brighter", lambda row: row.spectral_rolloff_hz
    ),
    "spectral_flatness": Feature(
        "Spectral flatness", "0 tone, 1 noise", "noisier", lambda row: row.spectral_flatness
    ),
    "zero_crossing_rate": Feature(
        "Zero crossings", "share of samples", "noisier", lambda row: row.zero_crossing_rate
    ),
    "energy": Feature("Energy", "measured by services, 0 to 1", "more energetic", lambda row: row.energy),
    "danceability": Feature(
        "Danceability", "measured by services, 0 to 1", "more danceable", lambda row: row.danceability
    ),
    "valence": Feature(
        "Valence", "measured by services, 0 to 1", "brighter in mood", lambda row: row.valence
    ),
}
"""The features that are shown, where any clip has them."""
PERCENTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
SPREAD: Final = 1.0
"""A feature separates two labels if their medians differ by more than this, in mean interquartile ranges."""


def section(labels: Sequence[LabelSound], colours: Mapping[int, str], left_out: int = 0) -> Section:
    """The section, from a row for each label: label_id, label, rows, and for each feature PERCENTILES or None.

    `colours` has the colour of each label by id; `left_out` counts labels that are not shown.
    """
    measured = {
        name: feature
        for name, feature in FEATURES.items()
        if any(feature.percentiles(row) is not None for row in labels)
    }
    if not measured:
        return Section("sound", TITLE, "Sound", ("Nothing was measured yet: labelscope extract.",))
    clips = sum(row.rows for row in labels)
    sentences = [f"Measured on {counted(clips, 'clip')} of {counted(len(labels), 'label')}."]
    if separating := _most_separating(labels, measured.values()):
        sentences.append(separating)
    if left_out:
        sentences.append(
            f"These are the labels with the most tracks; {integer(left_out)} others are left out."
        )
    return Section(
        "sound",
        TITLE,
        "Sound",
        tuple(sentences),
        tuple(_chart(labels, name, feature, colours) for name, feature in measured.items()),
        explanation="A box has the middle half of a label's clips, and the line in it is their median. The whiskers end"
        " at the 5th and 95th percentiles.",
    )


def _chart(labels: Sequence[LabelSound], name: str, feature: Feature, colours: Mapping[int, str]) -> Chart:
    return Chart(
        f"sound-{name.replace('_', '-')}",
        feature.title,
        f"Boxes of {feature.title} in {feature.unit}, one for each label: {_medians(labels, feature)}.",
        _figure(labels, feature, colours),
        rows_height(len(labels), each=30, around=64),
        wide=False,
        table=_table(labels, feature),
    )


def _table(labels: Sequence[LabelSound], feature: Feature) -> Table:
    def percentile(number: int) -> Column[LabelSound]:
        return Column(f"{PERCENTILES[number]:.0%}", lambda row: _formatted(row, feature, number))

    percentiles = map(percentile, range(len(PERCENTILES)))
    columns: Columns[LabelSound] = (
        text_column("Label", lambda row: row.label),
        Column("Clips", lambda row: integer(row.rows)),
        *percentiles,
    )
    return table(f"{feature.title} ({feature.unit}), percentiles", columns, labels)


def _formatted(row: LabelSound, feature: Feature, number: int) -> str:
    values = feature.percentiles(row)
    return decimal(values[number] if values else None)


def _medians(labels: Sequence[LabelSound], feature: Feature) -> str:
    return ", ".join(f"{short_name(row.label)} {_formatted(row, feature, 2)}" for row in labels)


def _most_separating(labels: Sequence[LabelSound], features: Iterable[Feature]) -> str | None:
    """A sentence on the feature whose medians differ most, in mean interquartile ranges; None where none separates."""
    sentences: list[tuple[float, str]] = []
    for feature in features:
        rows = [(row, values) for row in labels if (values := feature.percentiles(row))]
        if len(rows) < 2:
            continue
        (lowest, low), (highest, high) = min(rows, key=_median), max(rows, key=_median)
        box = sum(values[3] - values[1] for _, values in rows) / len(rows)
        if box > 0 and (difference := (high[2] - low[2]) / box) > SPREAD:
            sentence = (
                f"{feature.title} separates them most: {short_name(highest.label)} is {feature.comparative}"
                f" than {short_name(lowest.label)} (medians {decimal(high[2])} and {decimal(low[2])})."
            )
            sentences.append((difference, sentence))
    return max(sentences)[1] if sentences else None


def _median(row: tuple[LabelSound, Sequence[float]]) -> float:
    return row[1][2]


def _figure(labels: Sequence[LabelSound], feature: Feature, colours: Mapping[int, str]) -> Figure:
    traces = []
    for position, row in enumerate(labels):
        values = feature.percentiles(row)
        if values is None:
            continue
        low, first, median, third, high = (float(f"{value:.5g}") for value in values)
        traces.append(
            {
                "type": "box",
                "orientation": "h",
                "name": chart_text(row.label),
                "y": [position],
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
