"""The Prefect artifacts of trainings."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection

from db import read
from db.read.views import ConfusionCell
from flows.prefect_tools import artifacts
from ml.models.architectures import MEMBERS
from ml.plots.plots import plot_confusion, plot_learning_curves


def leave_model(connection: Connection) -> None:
    """Leave the newest models, and accuracy and confusions of the one in use."""
    artifacts.table(
        "models",
        "The newest models, and why each is in use or not.",
        read.views.model_list(connection)[:20],
    )
    artifacts.table(
        "label-accuracy",
        "The model in use, on held-out tracks of each label.",
        read.views.label_accuracy(connection),
    )
    if cells := read.views.confusion_matrix(connection):
        artifacts.picture(
            "confusion-matrix",
            "Held-out tracks of each label, and what the model in use takes them for.",
            _confusion_plot(cells),
        )


def _confusion_plot(cells: Sequence[ConfusionCell]) -> bytes:
    """A PNG of the confusion matrix; `cells` has no rows for counts of 0."""
    names = [*(cell.true_label for cell in cells), *(cell.predicted_label for cell in cells)]
    labels = list(dict.fromkeys(names))
    counts = np.zeros((len(labels), len(labels)), dtype=int)
    for cell in cells:
        counts[labels.index(cell.true_label), labels.index(cell.predicted_label)] = cell.count
    return plot_confusion(counts, labels)


def leave_training(connection: Connection, training_run_id: int) -> None:
    """Leave the learning curves of a training, and the newest trainings."""
    training = read.report.training(connection, training_run_id)
    if training is not None and training.history:
        artifacts.picture(
            "learning-curves",
            f"Training {training.id}: loss and accuracy of each network, on training and on validation crops.",
            plot_learning_curves(training.history, MEMBERS.get(training.architecture, ())),
        )
    artifacts.table(
        "trainings",
        "The newest trainings, and how good their models are on held-out tracks.",
        read.views.training_history(connection)[:20],
    )
