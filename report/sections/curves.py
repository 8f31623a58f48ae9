"""Learning curves: loss and accuracy of each network of the model in use, epoch by epoch."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from common.epochs import StoredEpoch
from report.bounds import EPOCHS, ROWS
from report.charts import figure
from report.components import Chart, Column, Columns, Figure, PlotlyObject, Section, Table, table
from report.format import counted, decimal, integer, percent
from report.sections.labels import NO_MODEL

TITLE = "How the model learnt"
COLOURS = ("var(--accent)", "var(--warning)", "var(--third)", "var(--second)")


class Training(Protocol):
    """A training: the wall time of its fit in seconds, and its number of tracks."""

    @property
    def id(self) -> int: ...
    @property
    def fit_s(self) -> float | None: ...
    @property
    def tracks(self) -> int: ...


class Curve(NamedTuple):
    """The values of an epoch on training crops, and on validation crops; None where it was not validated."""

    training: Callable[[StoredEpoch], float]
    validation: Callable[[StoredEpoch], float | None]


LOSS = Curve(lambda epoch: epoch["loss"], lambda epoch: epoch.get("validation_loss"))
ACCURACY = Curve(lambda epoch: epoch["accuracy"], lambda epoch: epoch.get("validation_accuracy"))


def section(history: Sequence[StoredEpoch], members: Sequence[str], training: Training | None) -> Section:
    """The section, from the epochs of a training and the names of its kinds of network in training order."""
    if training is None or not history:
        return Section("curves", TITLE, "Learning", (NO_MODEL,))
    networks = _networks(history, members)
    sentences = _sentences(networks, training)
    return Section(
        "curves",
        TITLE,
        "Learning",
        tuple(sentences),
        _charts(networks, " ".join(sentences)),
        tables=(_table(networks),),
        explanation="Thin dotted lines: training crops. Strong lines: validation crops, which are scored in some epochs"
        " only. Each network is trained alone, on crops of three seconds. The model averages the networks over whole"
        " tracks, so it is more accurate than any curve here.",
    )


def _sentences(networks: dict[str, list[StoredEpoch]], training: Training) -> list[str]:
    losses = ", ".join(f"{name} at {decimal(epochs[-1]['loss'])}" for name, epochs in networks.items())
    return [
        f"Training {training.id} took {_duration(training.fit_s)} for"
        f" {counted(len(networks), 'network')} on {counted(training.tracks, 'track')}.",
        f"The loss on training crops ended for {losses}.",
    ]


def _charts(networks: dict[str, list[StoredEpoch]], summary: str) -> tuple[Chart, ...]:
    return (
        Chart(
            "loss",
            "Loss",
            f"Lines of the loss of each network over its epochs. {summary}",
            _figure(networks, LOSS, "cross-entropy", tickformat=None),
            340,
            wide=False,
        ),
        Chart(
            "crop-accuracy",
            "Crops recognised",
            f"Lines of the share of crops that each network recognises over its epochs. {summary}",
            _figure(networks, ACCURACY, "crops recognised", tickformat=".0%"),
            340,
            wide=False,
        ),
    )


def _table(networks: dict[str, list[StoredEpoch]]) -> Table:
    rows_each = ROWS // len(networks)
    rows = [(name, epoch) for name, epochs in networks.items() for epoch in _thinned(epochs, rows_each)]
    columns: Columns[tuple[str, StoredEpoch]] = (
        Column("Network", lambda row: str(row[0]), number=False),
        Column("Epoch", lambda row: integer(row[1]["epoch"])),
        Column("Loss", lambda row: decimal(row[1]["loss"])),
        Column("Crops recognised", lambda row: percent(row[1]["accuracy"])),
        Column("Validation loss", lambda row: decimal(row[1].get("validation_loss"))),
        Column("Validation crops recognised", lambda row: percent(row[1].get("validation_accuracy"))),
        Column("Seconds", lambda row: decimal(row[1].get("seconds"))),
    )
    return table("Epochs", columns, rows)


def _networks(history: Sequence[StoredEpoch], members: Sequence[str]) -> dict[str, list[StoredEpoch]]:
    """The epochs of each network by its name, at most EPOCHS of each."""
    numbers = sorted({epoch.get("member", 1) for epoch in history})
    networks = {}
    for number in numbers:
        epochs = [epoch for epoch in history if epoch.get("member", 1) == number]
        turn, kind = divmod(number - 1, len(members)) if members else (0, number - 1)
        name = members[kind] if members else f"network {number}"
        networks[f"{name} {turn + 1}" if turn else name] = _thinned(epochs, EPOCHS)
    return networks


def _thinned(epochs: Sequence[StoredEpoch], most: int) -> list[StoredEpoch]:
    """At most about `most` epochs in equal steps; the last one is always among them."""
    step = -(-len(epochs) // max(most, 1))
    return [epoch for place, epoch in enumerate(epochs) if (len(epochs) - 1 - place) % step == 0]


def _figure(
    networks: dict[str, list[StoredEpoch]], curve: Curve, title: str, tickformat: str | None
) -> Figure:
    """Two lines for each network: one of training crops, and one of validation crops."""
    traces = []
    for position, (network, epochs) in enumerate(networks.items()):
        colour = COLOURS[position % len(COLOURS)]
        traces += [
            _training_line(network, epochs, curve, colour),
            _validation_line(network, epochs, curve, colour),
        ]
    axis: PlotlyObject = {"title": {"text": title}, "rangemode": "tozero"}
    if tickformat:
        axis |= {"tickformat": tickformat, "range": [0, 1.02]}
    return figure(traces, xaxis={"title": {"text": "epoch"}, "rangemode": "tozero"}, yaxis=axis)


def _training_line(network: str, epochs: Sequence[StoredEpoch], curve: Curve, colour: str) -> PlotlyObject:
    return {
        "type": "scatter",
        "legendgroup": network,
        "hovertemplate": f"%{{y}}<extra>{network}</extra>",
        "name": f"{network}, training",
        "mode": "lines",
        "x": [epoch["epoch"] for epoch in epochs],
        "y": [_rounded(curve.training(epoch)) for epoch in epochs],
        "line": {"color": colour, "width": 1.3, "dash": "dot"},
        "showlegend": False,
    }


def _validation_line(network: str, epochs: Sequence[StoredEpoch], curve: Curve, colour: str) -> PlotlyObject:
    validated = [
        (epoch["epoch"], value) for epoch in epochs if (value := curve.validation(epoch)) is not None
    ]
    return {
        "type": "scatter",
        "legendgroup": network,
        "hovertemplate": f"%{{y}}<extra>{network}, validation</extra>",
        "name": network,
        "mode": "lines+markers",
        "x": [number for number, _ in validated],
        "y": [_rounded(value) for _, value in validated],
        "line": {"color": colour, "width": 2.4},
        "marker": {"size": 5, "color": colour},
        "showlegend": True,
    }


def _rounded(value: float) -> float:
    return round(value, 4)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "an unknown time"
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
