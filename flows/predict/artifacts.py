"""What predictions leave on Prefect's pages."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Engine

from db import read
from flows.prefect_tools import artifacts
from flows.scoring.map import map_of, plot_tracks

TRACKS_ON_A_MAP: Final = 1_000  # some seconds


def leave_predictions(connection: Connection, sentences: Sequence[str]) -> None:
    """How many tracks were scored, in sentences; what the model in use takes for what, and how surely."""
    artifacts.sentence_list("predicted", sentences)
    artifacts.table(
        "mistakes",
        "Held-out tracks that the model in use takes for another label.",
        read.problems.view(connection, "mistakes"),
    )


def leave_map(engine: Engine) -> None:
    """Where tracks lie, by what the model in use hears in them; nothing where none has an embedding."""
    with engine.connect() as connection:
        tracks = map_of(connection, TRACKS_ON_A_MAP)
        picture = plot_tracks(connection, tracks) if tracks else None
    if picture is not None:
        artifacts.picture(
            "crate-map",
            "Tracks that sound alike to the model in use lie together; nothing but nearness means anything. Labels of"
            " tracks that it has learnt from lie further apart than they would in new music.",
            picture,
        )
