"""The Prefect artifact of an evaluation."""

from sqlalchemy import Connection

from db import read
from flows.prefect_tools import artifacts


def leave_evaluation(connection: Connection) -> None:
    """Leave all metrics of the last evaluation."""
    artifacts.table(
        "evaluation",
        "Networks and baseline on tracks that they were not trained on.",
        read.views.evaluation_table(connection),
    )
