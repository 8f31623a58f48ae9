"""How good each training's model was, over time."""

from collections.abc import Sequence
from typing import Any

from report.bounds import TRAININGS
from report.charts import ACCENT, PAPER, SECOND, figure
from report.parts import Chart, Column, Figure, Section, number_column, table, text_column
from report.words import between, clock, counted, in_chart, moment, share, whole, within, words

TITLE = "Accuracy over trainings"
IN_USE = ("champion", "retired")
"""Models that are in use, or were."""


def section(trainings: Sequence[Any]) -> Section:
    """Rows of the view training_history, newest first."""
    if not trainings:
        return Section("trainings", TITLE, "Trainings", ("There was no training yet: labelscope run.",))
    judged = [row for row in trainings if row.balanced_accuracy is not None]
    shown = judged[:TRAININGS][::-1]
    sentences = [_said(trainings, judged)]
    last = trainings[0]
    if last.reason:
        sentences.append(
            f"The last one, {last.training_run_id} ({last.model_status or last.status}): {words(last.reason, 400)}"
        )
    if len(shown) < len(judged):
        sentences.append(f"The picture has the last {len(shown)}.")
    chart = Chart(
        "trainings",
        "Balanced accuracy of each training's model on held-out tracks",
        "A dot for each training with the 95 % interval of its balanced accuracy, and a line of the baseline's. "
        + " ".join(sentences),
        _figure(shown),
        360,
    )
    return Section(
        "trainings",
        TITLE,
        "Trainings",
        tuple(sentences),
        (chart,) if shown else (),
        tables=(
            table(
                "Trainings, newest first",
                (
                    number_column("Training", "training_run_id", whole),
                    text_column("Began (UTC)", "began"),
                    text_column("Why", "why"),
                    text_column("Ended", "status"),
                    number_column("Tracks", "tracks", whole),
                    number_column("Epochs", "epochs", whole),
                    number_column("Time", "fit_s", clock),
                    number_column("Recognised", "track_accuracy", share),
                    number_column("Balanced", "balanced_accuracy", share),
                    Column("95 % interval", lambda row: between(row.ci_low, row.ci_high)),
                    number_column("Baseline", "baseline_accuracy", share),
                    text_column("Model", "model_status"),
                    text_column("Because", "reason"),
                ),
                [_WithBegin(row) for row in trainings],
            ),
        ),
        reading="Full dots are models that are or were in use, hollow ones were rejected. Lines are 95 % intervals of"
        " the balanced accuracy, in which all labels count alike; diamonds are the classical baseline on the same"
        " tracks. Held-out tracks grow in number, so models of different trainings were not all asked about the same.",
    )


class _WithBegin:
    """A row with its beginning as people read it."""

    def __init__(self, row: Any) -> None:
        self.row, self.began = row, moment(row.started_at)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


def _said(trainings: Sequence[Any], judged: Sequence[Any]) -> str:
    promoted = sum(row.model_status in IN_USE for row in trainings)
    said = (
        f"{counted(len(trainings), 'training')}, of which {whole(promoted)} gave a model that was put to use"
    )
    if len(judged) < len(trainings):
        said += f"; {whole(len(trainings) - len(judged))} came to no verdict"
    return said + "."


def _figure(rows: Sequence[Any]) -> Figure:
    places = list(range(len(rows)))
    used = [row.model_status in IN_USE for row in rows]
    models = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "model",
        "x": places,
        "y": [row.balanced_accuracy for row in rows],
        "line": {"color": ACCENT, "width": 1},
        "marker": {
            "size": 11,
            "symbol": "circle",
            "color": [ACCENT if was else PAPER for was in used],
            "line": {"color": ACCENT, "width": 2},
        },
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [_beyond(row.ci_high, row.balanced_accuracy) for row in rows],
            "arrayminus": [-_beyond(row.ci_low, row.balanced_accuracy) for row in rows],
            "color": ACCENT,
            "thickness": 2,
            "width": 0,
        },
        "hovertext": [_hover(row) for row in rows],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "showlegend": True,
    }
    baseline = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "baseline",
        "x": places,
        "y": [row.baseline_accuracy for row in rows],
        "line": {"color": SECOND, "width": 1, "dash": "dot"},
        "marker": {"size": 9, "symbol": "diamond", "color": SECOND},
        "hovertemplate": "baseline %{y:.1%}<extra></extra>",
        "showlegend": True,
    }
    every = max(1, len(rows) // 8)
    ticks = places[::every]
    return figure(
        [baseline, models],
        xaxis={
            "tickvals": ticks,
            "ticktext": [
                f"{rows[place].training_run_id}<br>{rows[place].started_at:%d %b}" for place in ticks
            ],
            "range": [-0.6, len(rows) - 0.4],
            "title": {"text": "training"},
            "showgrid": False,
            "zeroline": False,
        },
        yaxis={"title": {"text": "balanced accuracy"}, "tickformat": ".0%", "range": [0, 1.02]},
    )


def _beyond(end: float | None, value: float) -> float:
    """How far the end of an interval lies from the value; nothing where it is not known."""
    return 0.0 if end is None else end - value


def _hover(row: Any) -> str:
    said = f"training {row.training_run_id}, {in_chart(row.model_status)}<br>{share(row.balanced_accuracy)}"
    said += within(row.ci_low, row.ci_high)
    return f"{said}<br>{counted(row.tracks, 'track')}, {moment(row.started_at)}"
