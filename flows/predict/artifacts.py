"""The Prefect artifacts of predictions."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Engine

from db import read
from flows.prefect_tools import artifacts
from flows.scoring.map import map_of, plot_tracks

MAP_TRACKS: Final = 1_000  # takes some seconds


def leave_predictions(connection: Connection, sentences: Sequence[str]) -> None:
    """Leave sentences on how many tracks were scored, and the mistakes of the model in use with their confidence."""
    artifacts.sentence_list("predicted", "How many tracks were scored, and by which model.", sentences)
    artifacts.table(
        "mistakes",
        "Held-out tracks that the model in use takes for another label.",
        read.views.mistakes(connection),
    )


def leave_map(engine: Engine) -> None:
    """Leave a map of tracks by the embeddings of the model in use; nothing where no track has one."""
    with engine.connect() as connection:
        tracks = map_of(connection, MAP_TRACKS)
        picture = plot_tracks(connection, tracks) if tracks else None
    if picture is not None:
        artifacts.picture(
            "crate-map",
            "Tracks that sound alike to the model in use are close together; large distances mean little. The model was"
            " trained on most of these tracks, so their labels are further apart than those of new music would be.",
            picture,
        )
