"""The report, every night: the page in the home, and what it says in short on Prefect's pages."""

from prefect import flow

from config.settings import Settings
from flows.report.artifacts import leave_report
from flows.report.page import Written, write_report


@flow(name="report")
def report() -> Written:
    """Write one page with all there is to see, for people who have no terminal.

    - **reads** the database, and one spectrogram of each label.
    - **writes** `reports/labelscope-<date>.html` in the home, which needs no network and no other file; the last two
      weeks are kept.
    """
    written = write_report(Settings())
    leave_report(written)
    return written
