"""Artifacts of an ingest on Prefect's pages."""

from collections.abc import Sequence

from sqlalchemy import Connection

from db import read
from flows.prefect_tools import artifacts


def create_ingest_artifacts(connection: Connection, sentences: Sequence[str]) -> None:
    """Create a list of sentences, a table of what could not be used, and a table of coverage by playlist."""
    artifacts.sentence_list("came-in", "What came in from playlists or the crate, and what went.", sentences)
    artifacts.not_used(connection)
    artifacts.table(
        "coverage",
        "Tracks of each playlist, and how many have usable audio.",
        read.views.playlist_coverage(connection),
    )
