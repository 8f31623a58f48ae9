"""What an extraction leaves on Prefect's pages."""

from collections.abc import Sequence

from sqlalchemy import Connection

from db import read
from flows.prefect_tools import artifacts


def create_extraction_artifacts(connection: Connection, sentences: Sequence[str]) -> None:
    """What became of clips, in sentences; what could not be used, and why; what makes each label, in numbers."""
    artifacts.sentence_list("extracted", sentences)
    artifacts.not_used(connection)
    artifacts.table(
        "sound",
        "Clips of each label, and means of what was measured: beats a minute, loudness in LUFS, onsets a second.",
        read.report.mean_sound(connection),
    )
