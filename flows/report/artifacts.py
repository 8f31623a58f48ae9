"""The Prefect artifact of a report."""

from flows.prefect_tools import artifacts
from flows.prefect_tools.markdown import escape_markdown
from flows.report.page import Written


def leave_report(written: Written) -> None:
    """The lead of the report, a sentence of each section, and the path of the page."""
    sentences = "\n".join(f"- {escape_markdown(sentence)}" for sentence in written.sentences)
    artifacts.markdown(
        "report",
        "The summary of the latest report; the page itself is in the home.",
        f"{escape_markdown(written.lead)}\n\n{sentences}\n\nThe page: {escape_markdown(str(written.path))}"
        f" ({written.bytes / 1e6:.1f} MB)",
    )
