"""What held-out tracks of each label were taken for."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from report.bounds import LABELS
from report.charts import NAME_LETTERS, SCALE, figure, names_axis
from report.parts import Chart, Figure, Section, number_column, table, text_column
from report.sections.labels import NO_MODEL
from report.words import counted, decimal, in_chart, named, share, whole

TITLE = "What was taken for what"
NUMBERS_UP_TO = 12
"""Labels for which a cell has room for its count."""


def section(cells: Sequence[Any], mistakes: Sequence[Any]) -> Section:
    """Rows of the views confusion_matrix and mistakes."""
    if not cells:
        return Section("confusion", TITLE, "Confusions", (NO_MODEL,))
    counts = {(cell.true_label, cell.predicted_label): cell.count for cell in cells}
    labels = list(dict.fromkeys([*(true for true, _ in counts), *(guess for _, guess in counts)]))
    shown = _largest(labels, counts)
    right = sum(counts.get((label, label), 0) for label in labels)
    total = sum(counts.values())
    sentences = [
        f"{whole(right)} of {counted(total, 'held-out track')} lie on the diagonal, where they belong."
    ]
    if mistakes:
        worst = mistakes[0]
        sentences.append(
            f"The most frequent confusion is {named(worst.true_label)} taken for {named(worst.taken_for)}:"
            f" {counted(worst.tracks, 'track')}, {share(worst.share, 0)} of the label."
        )
    if len(shown) < len(labels):
        sentences.append(f"The picture has the {len(shown)} labels with the most held-out tracks.")
    size = max(320, 130 + 44 * len(shown)) if len(shown) <= NUMBERS_UP_TO else 680
    return Section(
        "confusion",
        TITLE,
        "Confusions",
        tuple(sentences),
        (
            Chart(
                "confusion",
                "Held-out tracks: what they are (rows), and what they were taken for (columns)",
                "A matrix with a row for each label and a column for what its held-out tracks were taken for. "
                + " ".join(sentences),
                _figure(shown, counts),
                size,
            ),
        ),
        tables=(
            table(
                "What it gets wrong most",
                (
                    text_column("Label", "true_label"),
                    text_column("Taken for", "taken_for"),
                    number_column("Tracks", "tracks", whole),
                    number_column("Of the label", "share", share),
                    number_column("Mean confidence", "mean_confidence", decimal),
                    number_column("Called unknown", "called_unknown", whole),
                ),
                mistakes,
            ),
            table(
                "All pairs that occur",
                (
                    text_column("Label", "true_label"),
                    text_column("Taken for", "predicted_label"),
                    number_column("Tracks", "count", whole),
                ),
                cells,
            ),
        ),
        reading="A row is what tracks are, a column what they were taken for; the shade is the share of the row, the"
        " number counts tracks. All of the colour on the diagonal would be a model without fault.",
    )


def _largest(labels: Sequence[str], counts: dict[tuple[str, str], int]) -> list[str]:
    sizes = dict.fromkeys(labels, 0)
    for (true, _), count in counts.items():
        sizes[true] += count
    largest = sorted(labels, key=lambda label: -sizes[label])[:LABELS]
    return [label for label in labels if label in largest]


def _figure(labels: Sequence[str], counts: dict[tuple[str, str], int]) -> Figure:
    cells = {(true, guess): counts.get((true, guess), 0) for true, guess in product(labels, repeat=2)}
    sizes = {true: sum(count for (row, _), count in counts.items() if row == true) for true in labels}
    matrix = [[cells[true, guess] for guess in labels] for true in labels]
    shares = [[cells[true, guess] / max(sizes[true], 1) for guess in labels] for true in labels]
    hover = [
        [
            f"{in_chart(true)}<br>taken for {in_chart(guess)}<br>{counted(cells[true, guess], 'track')},"
            f" {share(cells[true, guess] / max(sizes[true], 1), 0)} of the label"
            for guess in labels
        ]
        for true in labels
    ]
    trace: dict[str, Any] = {
        "type": "heatmap",
        "z": shares,
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
            "text": [[str(count) if count else "" for count in row] for row in matrix],
            "texttemplate": "%{text}",
            "textfont": {"size": 14},
        }
    return figure(
        [trace],
        yaxis=names_axis(labels, zeroline=False),
        xaxis={
            "tickvals": list(range(len(labels))),
            "ticktext": [in_chart(label, NAME_LETTERS) for label in labels],
            "autotickangles": [0, -40, -90],
            "automargin": True,
            "showgrid": False,
            "zeroline": False,
            "ticklen": 0,
            "title": {"text": "taken for"},
        },
    )
