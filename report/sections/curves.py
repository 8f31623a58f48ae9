"""How the model in use learnt: loss and accuracy of each of its networks, epoch by epoch."""

from collections.abc import Sequence
from typing import Any

from report.bounds import EPOCHS, ROWS
from report.charts import figure
from report.parts import Chart, Column, Figure, Section, table
from report.sections.labels import NO_MODEL
from report.words import counted, decimal, share, whole

TITLE = "How the model learnt"
COLOURS = ("var(--accent)", "var(--warning)", "var(--third)", "var(--second)")

Epoch = dict[str, Any]


def section(history: Sequence[Epoch], members: Sequence[str], training: Any) -> Section:
    """Epochs as a training stores them, and the names of the kinds of network in the order of their training."""
    if training is None or not history:
        return Section("curves", TITLE, "Learning", (NO_MODEL,))
    networks = _networks(history, members)
    last = [epochs[-1] for epochs in networks.values()]
    losses = ", ".join(
        f"{name} at {decimal(epoch['loss'])}" for name, epoch in zip(networks, last, strict=True)
    )
    sentences = [
        f"Training {training.id} took {_duration(training.fit_s)} for"
        f" {counted(len(networks), 'network')} on {counted(training.tracks, 'track')}.",
        f"The loss on training crops ended for {losses}.",
    ]
    said = " ".join(sentences)
    each = ROWS // len(networks)  # so that the table has room for all of them
    rows = [(name, epoch) for name, epochs in networks.items() for epoch in _thinned(epochs, each)]
    return Section(
        "curves",
        TITLE,
        "Learning",
        tuple(sentences),
        (
            Chart(
                "loss",
                "Loss",
                f"Lines of the loss of each network over its epochs. {said}",
                _figure(networks, "loss", "cross-entropy", tickformat=None),
                340,
                wide=False,
            ),
            Chart(
                "crop-accuracy",
                "Crops recognised",
                f"Lines of the share of crops that each network recognises over its epochs. {said}",
                _figure(networks, "accuracy", "crops recognised", tickformat=".0%"),
                340,
                wide=False,
            ),
        ),
        tables=(
            table(
                "Epochs",
                (
                    Column("Network", lambda row: str(row[0]), number=False),
                    Column("Epoch", lambda row: whole(row[1]["epoch"])),
                    Column("Loss", lambda row: decimal(row[1]["loss"])),
                    Column("Crops recognised", lambda row: share(row[1]["accuracy"])),
                    Column("Validation loss", lambda row: decimal(row[1].get("validation_loss"))),
                    Column(
                        "Validation crops recognised", lambda row: share(row[1].get("validation_accuracy"))
                    ),
                    Column("Seconds", lambda row: decimal(row[1].get("seconds"))),
                ),
                rows,
            ),
        ),
        reading="Thin dotted lines: training crops; strong lines: validation crops, which are looked at now and then."
        " Each network is trained by itself, on crops of three seconds; the model averages them over whole tracks, and"
        " so knows more than any curve here shows.",
    )


def _networks(history: Sequence[Epoch], members: Sequence[str]) -> dict[str, list[Epoch]]:
    """The epochs of each network by its name, thinned where there are very many."""
    numbers = sorted({epoch.get("member", 1) for epoch in history})
    networks = {}
    for number in numbers:
        epochs = [epoch for epoch in history if epoch.get("member", 1) == number]
        turn, kind = divmod(number - 1, len(members)) if members else (0, number - 1)
        name = members[kind] if members else f"network {number}"
        networks[f"{name} {turn + 1}" if turn else name] = _thinned(epochs, EPOCHS)
    return networks


def _thinned(epochs: Sequence[Epoch], most: int) -> list[Epoch]:
    """Epochs in equal steps, the last one among them."""
    step = -(-len(epochs) // max(most, 1))
    return [epoch for place, epoch in enumerate(epochs) if (len(epochs) - 1 - place) % step == 0]


def _figure(networks: dict[str, list[Epoch]], name: str, title: str, tickformat: str | None) -> Figure:
    traces = []
    for place, (network, epochs) in enumerate(networks.items()):
        colour = COLOURS[place % len(COLOURS)]
        common = {
            "type": "scatter",
            "legendgroup": network,
            "hovertemplate": f"%{{y}}<extra>{network}</extra>",
        }
        traces.append(
            common
            | {
                "name": f"{network}, training",
                "mode": "lines",
                "x": [epoch["epoch"] for epoch in epochs],
                "y": [_shown(epoch[name]) for epoch in epochs],
                "line": {"color": colour, "width": 1.3, "dash": "dot"},
                "showlegend": False,
            }
        )
        looked = [epoch for epoch in epochs if epoch.get(f"validation_{name}") is not None]
        traces.append(
            common
            | {
                "name": network,
                "mode": "lines+markers",
                "x": [epoch["epoch"] for epoch in looked],
                "y": [_shown(epoch[f"validation_{name}"]) for epoch in looked],
                "line": {"color": colour, "width": 2.4},
                "marker": {"size": 5, "color": colour},
                "hovertemplate": f"%{{y}}<extra>{network}, validation</extra>",
                "showlegend": True,
            }
        )
    axis: dict[str, Any] = {"title": {"text": title}, "rangemode": "tozero"}
    if tickformat:
        axis |= {"tickformat": tickformat, "range": [0, 1.02]}
    return figure(traces, xaxis={"title": {"text": "epoch"}, "rangemode": "tozero"}, yaxis=axis)


def _shown(value: float) -> float:
    return round(value, 4)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "an unknown time"
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
