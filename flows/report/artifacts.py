"""What a report leaves on Prefect's pages."""

from prefect.artifacts import create_markdown_artifact

from flows.prefect_tools.markdown import as_it_is
from flows.report.page import Written


def leave_report(written: Written) -> None:
    """Where the report lies, and what it says in short."""
    sentences = "\n".join(f"- {as_it_is(sentence)}" for sentence in written.sentences)
    create_markdown_artifact(
        f"{as_it_is(written.lead)}\n\n{sentences}\n\nThe page: {as_it_is(str(written.path))}"
        f" ({written.bytes / 1e6:.1f} MB)",
        key="report",
        description="The report of this night; the page itself lies in the home.",
    )
