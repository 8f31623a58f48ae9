"""Accuracy of each label, and the label that it is most often taken for."""

from collections.abc import Sequence
from typing import Protocol

from report.bounds import LABELS
from report.charts import ACCENT, SECOND, SOFT, figure, names_axis, rows_height, share_axis
from report.components import Chart, Column, Columns, Figure, PlotlyObject, Section, Table, table, text_column
from report.format import (
    NOTHING,
    chart_text,
    counted,
    integer,
    interval,
    interval_note,
    percent,
    plain_text,
    short_name,
)

TITLE = "How well each label is recognised"
NO_MODEL = "No model is in use yet: labelscope run trains one."


class LabelAccuracy(Protocol):
    """The accuracy of the model in use on held-out tracks of a label; None without such tracks."""

    @property
    def label(self) -> str: ...
    @property
    def tracks(self) -> int: ...
    @property
    def holdout_tracks(self) -> int: ...
    @property
    def accuracy(self) -> float | None: ...
    @property
    def most_often_taken_for(self) -> str | None: ...
    @property
    def taken_for_share(self) -> float | None: ...
    @property
    def ci_low(self) -> float | None: ...
    @property
    def ci_high(self) -> float | None: ...
    @property
    def precision(self) -> float | None: ...


class HeldOutMetrics(Protocol):
    """Metrics of a model on held-out tracks; None where it was not evaluated."""

    @property
    def track_accuracy(self) -> float | None: ...
    @property
    def balanced_accuracy(self) -> float | None: ...
    @property
    def ci_low(self) -> float | None: ...
    @property
    def ci_high(self) -> float | None: ...
    @property
    def baseline_accuracy(self) -> float | None: ...


class Model(HeldOutMetrics, Protocol):
    """The model in use."""

    @property
    def model_id(self) -> int: ...
    @property
    def majority(self) -> float | None: ...


def section(labels: Sequence[LabelAccuracy], champion: Model | None) -> Section:
    """The section, from rows of the view label_accuracy and the row of the model in use, or None."""
    if champion is None or not labels:
        return Section("labels", TITLE, "Labels", (NO_MODEL,))
    scored = sorted((row for row in labels if row.accuracy is not None), key=lambda row: -(row.accuracy or 0))
    shown = _largest(scored)
    sentences = _sentences(labels, scored, champion)
    if len(shown) < len(scored):
        sentences.append(f"The chart has the {len(shown)} labels with the most held-out tracks.")
    return Section(
        "labels",
        TITLE,
        "Labels",
        tuple(sentences),
        (_chart(shown, champion.majority, sentences),) if shown else (),
        tables=(_table(labels),),
        explanation="Dots: the share of held-out tracks that are recognised. Lines: the 95 % interval, from a bootstrap"
        " over groups (artists or albums); a label with one group has none. The dotted line is the accuracy of always"
        " naming the largest label. A track that the model calls unknown counts by its nearest label.",
    )


def _sentences(
    labels: Sequence[LabelAccuracy], scored: Sequence[LabelAccuracy], champion: Model
) -> list[str]:
    sentences = [_overall(champion, scored)]
    if scored:
        sentences.append(_best_and_hardest(scored))
    if untested := [short_name(row.label) for row in labels if row.accuracy is None]:
        sentences.append(f"No track of {', '.join(untested[:5])} is held out, so the accuracy is not known.")
    return sentences


def _chart(shown: Sequence[LabelAccuracy], majority: float | None, sentences: Sequence[str]) -> Chart:
    return Chart(
        "labels",
        "Held-out tracks recognised, by label",
        "A dot for each label at the share of its held-out tracks that are recognised, with its 95 % interval. "
        + " ".join(sentences),
        _figure(shown, majority),
        rows_height(len(shown), around=110),
    )


def _table(labels: Sequence[LabelAccuracy]) -> Table:
    columns: Columns[LabelAccuracy] = (
        text_column("Label", lambda row: row.label),
        Column("Tracks", lambda row: integer(row.tracks)),
        Column("Held out", lambda row: integer(row.holdout_tracks)),
        Column("Recognised", lambda row: percent(row.accuracy)),
        Column("95 % interval", lambda row: interval(row.ci_low, row.ci_high)),
        Column("Most often taken for", _taken_for, number=False),
        Column("Right when named", lambda row: percent(row.precision)),
    )
    return table("Accuracy on tracks that the model was not trained on", columns, labels)


def _largest(scored: Sequence[LabelAccuracy]) -> list[LabelAccuracy]:
    largest = sorted(scored, key=lambda row: -row.holdout_tracks)[:LABELS]
    return [row for row in scored if row in largest]


def _overall(champion: Model, scored: Sequence[LabelAccuracy]) -> str:
    held_out = sum(row.holdout_tracks for row in scored)
    sentence = (
        f"Model {champion.model_id} recognises {percent(champion.track_accuracy)} of"
        f" {counted(held_out, 'held-out track')}; balanced accuracy {percent(champion.balanced_accuracy)}"
    )
    sentence += interval_note(champion.ci_low, champion.ci_high)
    if champion.baseline_accuracy is not None:
        sentence += f", classical baseline {percent(champion.baseline_accuracy)}"
    return sentence + f". Always naming the largest label would get {percent(champion.majority)}."


def _best_and_hardest(scored: Sequence[LabelAccuracy]) -> str:
    best, hardest = scored[0], scored[-1]
    if best.accuracy == hardest.accuracy:
        return f"All labels have {percent(best.accuracy, 0)}."
    sentence = (
        f"Best is {short_name(best.label)} with {percent(best.accuracy, 0)},"
        f" hardest {short_name(hardest.label)} with {percent(hardest.accuracy, 0)}"
    )
    if hardest.most_often_taken_for:
        sentence += f", most often taken for {short_name(hardest.most_often_taken_for)}"
    return sentence + "."


def _taken_for(row: LabelAccuracy) -> str:
    if row.most_often_taken_for is None:
        return NOTHING
    return f"{plain_text(row.most_often_taken_for)} ({percent(row.taken_for_share)})"


def _figure(rows: Sequence[LabelAccuracy], majority: float | None) -> Figure:
    return figure(
        [_dots(rows)],
        yaxis=names_axis([row.label for row in rows], showgrid=True, zeroline=False),
        xaxis=share_axis("held-out tracks recognised"),
        shapes=[] if majority is None else [_vertical_line(majority)],
        annotations=[] if majority is None else [_note_above(majority, "largest label")],
        margin={"t": 28},
    )


def _dots(rows: Sequence[LabelAccuracy]) -> PlotlyObject:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [row.accuracy for row in rows],
        "y": list(range(len(rows))),
        "marker": {"size": 11, "color": ACCENT},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_above(row) for row in rows],
            "arrayminus": [_below(row) for row in rows],
            "color": ACCENT,
            "thickness": 2,
            "width": 0,
        },
        "hovertext": [_hover(row) for row in rows],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _above(row: LabelAccuracy) -> float:
    """From the accuracy to the upper end of its interval; 0 without an interval."""
    if row.accuracy is None or row.ci_low is None or row.ci_high is None:
        return 0
    return max(row.ci_high - row.accuracy, 0)


def _below(row: LabelAccuracy) -> float:
    """From the lower end of the interval to the accuracy; 0 without an interval."""
    if row.accuracy is None or row.ci_low is None or row.ci_high is None:
        return 0
    return max(row.accuracy - row.ci_low, 0)


def _vertical_line(position: float) -> PlotlyObject:
    return {
        "type": "line",
        "x0": position,
        "x1": position,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"dash": "dot", "width": 1.5, "color": SECOND},
    }


def _note_above(position: float, text: str) -> PlotlyObject:
    return {
        "x": position,
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "text": text,
        "showarrow": False,
        "font": {"size": 12, "color": SOFT},
    }


def _hover(row: LabelAccuracy) -> str:
    accuracy = f"{percent(row.accuracy)} of {counted(row.holdout_tracks, 'held-out track')}"
    lines = [chart_text(row.label), accuracy + interval_note(row.ci_low, row.ci_high)]
    if row.most_often_taken_for:
        taken_for = f"{chart_text(row.most_often_taken_for)} ({percent(row.taken_for_share)})"
        lines.append(f"most often taken for {taken_for}")
    return "<br>".join(lines)
