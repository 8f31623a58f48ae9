"""What an ingest leaves on Prefect's pages."""

from collections.abc import Sequence

from sqlalchemy import Connection

from db import read
from flows.prefect_tools import artifacts


def create_ingest_artifacts(connection: Connection, sentences: Sequence[str]) -> None:
    """What came in and what went wrong, in sentences; what could not be used, and why; coverage of the playlists."""
    artifacts.sentence_list("came-in", sentences)
    artifacts.not_used(connection)
    artifacts.table(
        "coverage",
        "Tracks of each playlist, and how many have usable audio.",
        read.problems.view(connection, "playlist_coverage"),
    )
