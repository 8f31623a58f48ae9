"""What a report leaves on Prefect's pages."""

from prefect.artifacts import create_markdown_artifact

from flows.prefect_tools.markdown import escape_markdown
from flows.report.page import Written


def leave_report(written: Written) -> None:
    """Where the report lies, and what it says in short."""
    sentences = "\n".join(f"- {escape_markdown(sentence)}" for sentence in written.sentences)
    create_markdown_artifact(
        f"{escape_markdown(written.lead)}\n\n{sentences}\n\nThe page: {escape_markdown(str(written.path))}"
        f" ({written.bytes / 1e6:.1f} MB)",
        key="report",
        description="The report of this night; the page itself lies in the home.",
    )
