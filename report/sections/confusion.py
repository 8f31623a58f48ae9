"""The confusion matrix: which labels the model predicts for held-out tracks of each label."""

from collections.abc import Sequence
from itertools import product
from typing import Protocol

from report.bounds import LABELS
from report.charts import NAME_LETTERS, SCALE, figure, names_axis
from report.components import Chart, Column, Columns, Figure, PlotlyObject, Section, Table, table, text_column
from report.format import chart_text, counted, decimal, integer, percent, short_name
from report.sections.labels import NO_MODEL

TITLE = "What was taken for what"
NUMBERS_UP_TO = 12
"""With more labels, cells are too small for a number."""


class Cell(Protocol):
    """Number of held-out tracks of a label with a predicted label."""

    @property
    def true_label(self) -> str: ...
    @property
    def predicted_label(self) -> str: ...
    @property
    def count(self) -> int: ...


class Mistake(Protocol):
    """Held-out tracks of a label that the model takes for another one."""

    @property
    def true_label(self) -> str: ...
    @property
    def taken_for(self) -> str: ...
    @property
    def tracks(self) -> int: ...
    @property
    def share(self) -> float: ...
    @property
    def mean_confidence(self) -> float | None: ...
    @property
    def called_unknown(self) -> int: ...


def section(cells: Sequence[Cell], mistakes: Sequence[Mistake]) -> Section:
    """The section, from rows of the views confusion_matrix and mistakes."""
    if not cells:
        return Section("confusion", TITLE, "Confusions", (NO_MODEL,))
    counts = {(cell.true_label, cell.predicted_label): cell.count for cell in cells}
    labels = list(dict.fromkeys([*(true for true, _ in counts), *(guess for _, guess in counts)]))
    shown = _largest(labels, counts)
    sentences = _sentences(counts, mistakes)
    if len(shown) < len(labels):
        sentences.append(f"The chart has the {len(shown)} labels with the most held-out tracks.")
    return Section(
        "confusion",
        TITLE,
        "Confusions",
        tuple(sentences),
        (_chart(shown, counts, sentences),),
        tables=(_mistake_table(mistakes), _cell_table(cells)),
        explanation="Rows: the label of a track. Columns: the predicted label. The shade is the share of the row, the"
        " number counts tracks. A perfect model would have all tracks on the diagonal.",
    )


def _sentences(counts: dict[tuple[str, str], int], mistakes: Sequence[Mistake]) -> list[str]:
    right = sum(count for (true, guess), count in counts.items() if true == guess)
    total = sum(counts.values())
    sentences = [
        f"{integer(right)} of {counted(total, 'held-out track')} are on the diagonal, which is right."
    ]
    if mistakes:
        worst = mistakes[0]
        sentences.append(
            f"The most frequent confusion is {short_name(worst.true_label)} taken for"
            f" {short_name(worst.taken_for)}: {counted(worst.tracks, 'track')}, {percent(worst.share, 0)} of the label."
        )
    return sentences


def _chart(shown: Sequence[str], counts: dict[tuple[str, str], int], sentences: Sequence[str]) -> Chart:
    height = max(320, 130 + 44 * len(shown)) if len(shown) <= NUMBERS_UP_TO else 680
    return Chart(
        "confusion",
        "Held-out tracks: their labels (rows), and what they were taken for (columns)",
        f"A matrix with a row for each label and a column for each predicted label. {' '.join(sentences)}",
        _figure(shown, counts),
        height,
    )


def _mistake_table(mistakes: Sequence[Mistake]) -> Table:
    columns: Columns[Mistake] = (
        text_column("Label", lambda row: row.true_label),
        text_column("Taken for", lambda row: row.taken_for),
        Column("Tracks", lambda row: integer(row.tracks)),
        Column("Of the label", lambda row: percent(row.share)),
        Column("Mean confidence", lambda row: decimal(row.mean_confidence)),
        Column("Called unknown", lambda row: integer(row.called_unknown)),
    )
    return table("Most frequent mistakes", columns, mistakes)


def _cell_table(cells: Sequence[Cell]) -> Table:
    columns: Columns[Cell] = (
        text_column("Label", lambda row: row.true_label),
        text_column("Taken for", lambda row: row.predicted_label),
        Column("Tracks", lambda row: integer(row.count)),
    )
    return table("All pairs that occur", columns, cells)


def _largest(labels: Sequence[str], counts: dict[tuple[str, str], int]) -> list[str]:
    sizes = dict.fromkeys(labels, 0)
    for (true, _), count in counts.items():
        sizes[true] += count
    largest = sorted(labels, key=lambda label: -sizes[label])[:LABELS]
    return [label for label in labels if label in largest]


def _figure(labels: Sequence[str], counts: dict[tuple[str, str], int]) -> Figure:
    return figure(
        [_heatmap(labels, counts)], xaxis=_prediction_axis(labels), yaxis=names_axis(labels, zeroline=False)
    )


def _heatmap(labels: Sequence[str], counts: dict[tuple[str, str], int]) -> PlotlyObject:
    cells = {(true, guess): counts.get((true, guess), 0) for true, guess in product(labels, repeat=2)}
    sizes = {true: sum(count for (row, _), count in counts.items() if row == true) for true in labels}
    shares = {(true, guess): cells[true, guess] / max(sizes[true], 1) for true, guess in cells}
    hover = [
        [
            f"{chart_text(true)}<br>taken for {chart_text(guess)}<br>{counted(cells[true, guess], 'track')},"
            f" {percent(shares[true, guess], 0)} of the label"
            for guess in labels
        ]
        for true in labels
    ]
    trace: PlotlyObject = {
        "type": "heatmap",
        "z": [[shares[true, guess] for guess in labels] for true in labels],
        "zmin": 0,
        "zmax": 1,
        "colorscale": SCALE,
        "hovertext": hover,
        "hovertemplate": "%{hovertext}<extra></extra>",
        "xgap": 2,
        "ygap": 2,
        "colorbar": {
            "tickformat": ".0%",
            "thickness": 10,
            "outlinewidth": 0,
            "title": {"text": "of the row", "side": "right"},
        },
        "showscale": len(labels) > NUMBERS_UP_TO,
    }
    if len(labels) <= NUMBERS_UP_TO:
        trace |= {
            "text": [[str(cells[true, guess] or "") for guess in labels] for true in labels],
            "texttemplate": "%{text}",
            "textfont": {"size": 14},
        }
    return trace


def _prediction_axis(labels: Sequence[str]) -> PlotlyObject:
    return {
        "tickvals": list(range(len(labels))),
        "ticktext": [chart_text(label, NAME_LETTERS) for label in labels],
        "autotickangles": [0, -40, -90],
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
        "ticklen": 0,
        "title": {"text": "taken for"},
    }
