"""How well each label is recognised, and what it is most often taken for."""

from collections.abc import Sequence
from typing import Any

from report.bounds import LABELS
from report.charts import ACCENT, SECOND, SOFT, figure, names_axis, rows_height, share_axis
from report.parts import Chart, Column, Figure, Section, number_column, table, text_column
from report.words import NOTHING, between, counted, in_chart, named, share, whole, within, words

TITLE = "How well each label is recognised"
NO_MODEL = "No model is in use yet: labelscope run trains one."


def section(labels: Sequence[Any], champion: Any) -> Section:
    """Rows of the view label_accuracy, and the row of the model in use or None."""
    if champion is None or not labels:
        return Section("labels", TITLE, "Labels", (NO_MODEL,))
    judged = sorted((row for row in labels if row.accuracy is not None), key=lambda row: -row.accuracy)
    shown = _largest(judged)
    sentences = [_overall(champion, judged)]
    if judged:
        sentences.append(_best_and_hardest(judged))
    if silent := [named(row.label) for row in labels if row.accuracy is None]:
        sentences.append(f"Nothing of {', '.join(silent[:5])} is held out, so how it fares is not known.")
    if len(shown) < len(judged):
        sentences.append(f"The picture has the {len(shown)} labels with the most held-out tracks.")
    chart = Chart(
        "labels",
        "Held-out tracks recognised, by label",
        "A dot for each label at the share of its held-out tracks that are recognised, with its 95 % interval. "
        + " ".join(sentences),
        _figure(shown, champion.majority),
        rows_height(len(shown), around=110),
    )
    return Section(
        "labels",
        TITLE,
        "Labels",
        tuple(sentences),
        (chart,) if shown else (),
        tables=(
            table(
                "Accuracy on tracks that the model has not heard",
                (
                    text_column("Label", "label"),
                    number_column("Tracks", "tracks", whole),
                    number_column("Held out", "holdout_tracks", whole),
                    number_column("Recognised", "accuracy", share),
                    Column("95 % interval", lambda row: between(row.ci_low, row.ci_high)),
                    Column("Most often taken for", _taken_for, number=False),
                    number_column("Right when named", "precision", share),
                ),
                labels,
            ),
        ),
        reading="Dots: the share of held-out tracks that are recognised; lines: the 95 % interval, by drawing whole"
        " groups (artists or albums). A label with one group has no interval to speak of. The dotted line is what"
        " always naming the largest label would get. A track that the model calls unknown counts by its nearest label.",
    )


def _largest(judged: Sequence[Any]) -> list[Any]:
    largest = sorted(judged, key=lambda row: -row.holdout_tracks)[:LABELS]
    return [row for row in judged if row in largest]


def _overall(champion: Any, judged: Sequence[Any]) -> str:
    held_out = sum(row.holdout_tracks for row in judged)
    said = (
        f"Model {champion.model_id} recognises {share(champion.track_accuracy)} of"
        f" {counted(held_out, 'held-out track')}; all labels counting alike, {share(champion.balanced_accuracy)}"
    )
    said += within(champion.ci_low, champion.ci_high)
    if champion.baseline_accuracy is not None:
        said += f", where the classical baseline has {share(champion.baseline_accuracy)}"
    return said + f". Always naming the largest label would get {share(champion.majority)}."


def _best_and_hardest(judged: Sequence[Any]) -> str:
    best, hardest = judged[0], judged[-1]
    if best.accuracy == hardest.accuracy:
        return f"All labels stand at {share(best.accuracy, 0)}."
    said = f"Best is {named(best.label)} with {share(best.accuracy, 0)}, hardest {named(hardest.label)} with"
    said += f" {share(hardest.accuracy, 0)}"
    if hardest.most_often_taken_for:
        said += f", most often taken for {named(hardest.most_often_taken_for)}"
    return said + "."


def _taken_for(row: Any) -> str:
    if row.most_often_taken_for is None:
        return NOTHING
    return f"{words(row.most_often_taken_for)} ({share(row.taken_for_share)})"


def _figure(rows: Sequence[Any], majority: float | None) -> Figure:
    positions = list(range(len(rows)))
    known = [row.ci_low is not None and row.ci_high is not None for row in rows]
    dots = {
        "type": "scatter",
        "mode": "markers",
        "x": [row.accuracy for row in rows],
        "y": positions,
        "marker": {"size": 11, "color": ACCENT},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [
                max(row.ci_high - row.accuracy, 0) if ok else 0 for row, ok in zip(rows, known, strict=True)
            ],
            "arrayminus": [
                max(row.accuracy - row.ci_low, 0) if ok else 0 for row, ok in zip(rows, known, strict=True)
            ],
            "color": ACCENT,
            "thickness": 2,
            "width": 0,
        },
        "hovertext": [_hover(row) for row in rows],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    lines, notes = [], []
    if majority is not None:
        lines.append(_line(majority))
        notes.append(
            {
                "x": majority,
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
                "text": "largest label",
                "showarrow": False,
                "font": {"size": 12, "color": SOFT},
            }
        )
    return figure(
        [dots],
        yaxis=names_axis([row.label for row in rows], showgrid=True, zeroline=False),
        xaxis=share_axis("held-out tracks recognised"),
        shapes=lines,
        annotations=notes,
        margin={"t": 28},
    )


def _line(position: float) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": position,
        "x1": position,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"dash": "dot", "width": 1.5, "color": SECOND},
    }


def _hover(row: Any) -> str:
    said = (
        f"{in_chart(row.label)}<br>{share(row.accuracy)} of {counted(row.holdout_tracks, 'held-out track')}"
    )
    said += within(row.ci_low, row.ci_high)
    if row.most_often_taken_for:
        said += (
            f"<br>most often taken for {in_chart(row.most_often_taken_for)} ({share(row.taken_for_share)})"
        )
    return said
