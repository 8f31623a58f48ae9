"""Artifacts of an extraction on Prefect's pages."""

from collections.abc import Sequence

from sqlalchemy import Connection

from db import read
from flows.prefect_tools import artifacts


def create_extraction_artifacts(connection: Connection, sentences: Sequence[str]) -> None:
    """Create a list of sentences, a table of what could not be used, and a table of mean audio features by label."""
    artifacts.sentence_list("extracted", "How many clips became spectrograms.", sentences)
    artifacts.not_used(connection)
    artifacts.table(
        "sound",
        "Clips of each label, with mean tempo (bpm), loudness (LUFS) and onsets per second.",
        read.report.mean_sound(connection),
    )
