"""The flow that writes the report into the home and leaves its summary as an artifact."""

from prefect import flow

from config.settings import Settings
from flows.prefect_tools.run_names import timed
from flows.report.artifacts import leave_report
from flows.report.page import Written, write_report


@flow(name="report", flow_run_name=timed("report"))
def report() -> Written:
    """Write one HTML page with all results.

    - **reads** the database, and one spectrogram of each label.
    - **writes** `reports/labelscope-<date>.html` in the home. The page needs no network and no other file. Reports of
      the last 14 days are kept.
    """
    written = write_report(Settings())
    leave_report(written)
    return written
