"""Artifacts of the nightly check on Prefect's pages."""

from collections.abc import Sequence

from prefect.artifacts import create_table_artifact

from common.text import spaced
from flows.prefect_tools import artifacts


def create_maintenance_artifacts(sentences: Sequence[str], faults: Sequence[tuple[str, str, str]]) -> None:
    """Create a list of sentences, and a table of at most 100 faults (path, kind, fault)."""
    artifacts.sentence_list(
        "kept-up", "How many files were checked, and what differs from the rows.", sentences
    )
    rows = [{"path": spaced(path), "kind": kind, "fault": fault} for path, kind, fault in faults[:100]]
    create_table_artifact(
        rows or artifacts.NOTHING, key="file-faults", description="Files and rows that do not agree."
    )
