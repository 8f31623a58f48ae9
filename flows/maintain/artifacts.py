"""What the nightly check leaves on Prefect's pages."""

from collections.abc import Sequence

from prefect.artifacts import create_table_artifact

from common.text import spaced
from flows.prefect_tools import artifacts


def create_maintenance_artifacts(sentences: Sequence[str], faults: Sequence[tuple[str, str, str]]) -> None:
    """What was looked at and done, in sentences; files and rows that do not agree, a hundred of them at most."""
    artifacts.sentence_list("kept-up", sentences)
    rows = [{"path": spaced(path), "kind": kind, "fault": fault} for path, kind, fault in faults[:100]]
    create_table_artifact(
        rows or artifacts.NOTHING, key="file-faults", description="Files and rows that do not agree."
    )
