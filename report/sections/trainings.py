"""Balanced accuracy of the model of each training, over time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from report.bounds import TRAININGS
from report.charts import ACCENT, PAPER, SECOND, figure
from report.components import Chart, Column, Columns, Figure, PlotlyObject, Section, Table, table, text_column
from report.format import (
    chart_text,
    clock,
    counted,
    integer,
    interval,
    interval_note,
    percent,
    plain_text,
    timestamp,
)
from report.sections.labels import HeldOutMetrics

TITLE = "Accuracy over trainings"
IN_USE = ("champion", "retired")
"""Statuses of models that are or were in use."""


class Training(HeldOutMetrics, Protocol):
    """A training, and the metrics of its model."""

    @property
    def training_run_id(self) -> int: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def why(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def tracks(self) -> int: ...
    @property
    def epochs(self) -> int: ...
    @property
    def fit_s(self) -> float | None: ...
    @property
    def model_status(self) -> str | None: ...
    @property
    def reason(self) -> str | None: ...


def section(trainings: Sequence[Training]) -> Section:
    """The section, from rows of the view training_history, newest first."""
    if not trainings:
        return Section("trainings", TITLE, "Trainings", ("There was no training yet: labelscope run.",))
    evaluated = [row for row in trainings if row.balanced_accuracy is not None]
    shown = evaluated[:TRAININGS][::-1]
    sentences = _sentences(trainings, evaluated)
    if len(shown) < len(evaluated):
        sentences.append(f"The chart has the last {len(shown)}.")
    return Section(
        "trainings",
        TITLE,
        "Trainings",
        tuple(sentences),
        (_chart(shown, sentences),) if shown else (),
        tables=(_table(trainings),),
        explanation="Full dots are models that are or were in use; hollow dots were rejected. Lines are 95 % intervals"
        " of the balanced accuracy. Diamonds are the classical baseline on the same tracks. The held-out tracks grow in"
        " number, so models of different trainings were not all evaluated on the same tracks.",
    )


def _sentences(trainings: Sequence[Training], evaluated: Sequence[Training]) -> list[str]:
    promoted = sum(row.model_status in IN_USE for row in trainings)
    summary = (
        f"{counted(len(trainings), 'training')}, {integer(promoted)} of them with a model that was promoted"
    )
    if len(evaluated) < len(trainings):
        summary += f"; {integer(len(trainings) - len(evaluated))} did not complete"
    sentences = [f"{summary}."]
    last = trainings[0]
    if last.reason:
        status = last.model_status or last.status
        sentences.append(f"The last one, {last.training_run_id} ({status}): {plain_text(last.reason, 400)}")
    return sentences


def _chart(shown: Sequence[Training], sentences: Sequence[str]) -> Chart:
    return Chart(
        "trainings",
        "Balanced accuracy of each training's model on held-out tracks",
        "A dot for each training with the 95 % interval of its balanced accuracy, and a line of the baseline's. "
        + " ".join(sentences),
        _figure(shown),
        360,
    )


def _table(trainings: Sequence[Training]) -> Table:
    columns: Columns[Training] = (
        Column("Training", lambda row: integer(row.training_run_id)),
        Column("Started (UTC)", lambda row: timestamp(row.started_at), number=False),
        text_column("Why", lambda row: row.why),
        text_column("Status", lambda row: row.status),
        Column("Tracks", lambda row: integer(row.tracks)),
        Column("Epochs", lambda row: integer(row.epochs)),
        Column("Time", lambda row: clock(row.fit_s)),
        Column("Recognised", lambda row: percent(row.track_accuracy)),
        Column("Balanced", lambda row: percent(row.balanced_accuracy)),
        Column("95 % interval", lambda row: interval(row.ci_low, row.ci_high)),
        Column("Baseline", lambda row: percent(row.baseline_accuracy)),
        text_column("Model", lambda row: row.model_status),
        text_column("Reason", lambda row: row.reason),
    )
    return table("Trainings, newest first", columns, trainings)


def _figure(rows: Sequence[Training]) -> Figure:
    return figure(
        [_baseline_line(rows), _model_line(rows)],
        xaxis=_training_axis(rows),
        yaxis={"title": {"text": "balanced accuracy"}, "tickformat": ".0%", "range": [0, 1.02]},
    )


def _model_line(rows: Sequence[Training]) -> PlotlyObject:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "model",
        "x": list(range(len(rows))),
        "y": [row.balanced_accuracy for row in rows],
        "line": {"color": ACCENT, "width": 1},
        "marker": {
            "size": 11,
            "symbol": "circle",
            "color": [ACCENT if row.model_status in IN_USE else PAPER for row in rows],
            "line": {"color": ACCENT, "width": 2},
        },
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [_difference(row.ci_high, row.balanced_accuracy) for row in rows],
            "arrayminus": [-_difference(row.ci_low, row.balanced_accuracy) for row in rows],
            "color": ACCENT,
            "thickness": 2,
            "width": 0,
        },
        "hovertext": [_hover(row) for row in rows],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "showlegend": True,
    }


def _baseline_line(rows: Sequence[Training]) -> PlotlyObject:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "baseline",
        "x": list(range(len(rows))),
        "y": [row.baseline_accuracy for row in rows],
        "line": {"color": SECOND, "width": 1, "dash": "dot"},
        "marker": {"size": 9, "symbol": "diamond", "color": SECOND},
        "hovertemplate": "baseline %{y:.1%}<extra></extra>",
        "showlegend": True,
    }


def _training_axis(rows: Sequence[Training]) -> PlotlyObject:
    """Ids and dates of about eight trainings."""
    ticks = range(0, len(rows), max(1, len(rows) // 8))
    return {
        "tickvals": list(ticks),
        "ticktext": [f"{rows[tick].training_run_id}<br>{rows[tick].started_at:%d %b}" for tick in ticks],
        "range": [-0.6, len(rows) - 0.4],
        "title": {"text": "training"},
        "showgrid": False,
        "zeroline": False,
    }


def _difference(end: float | None, value: float | None) -> float:
    """From a value to the end of its interval; 0 where there is no interval."""
    return 0.0 if end is None or value is None else end - value


def _hover(row: Training) -> str:
    accuracy = percent(row.balanced_accuracy) + interval_note(row.ci_low, row.ci_high)
    return (
        f"training {row.training_run_id}, {chart_text(row.model_status)}<br>{accuracy}"
        f"<br>{counted(row.tracks, 'track')}, {timestamp(row.started_at)}"
    )
