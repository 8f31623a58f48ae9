"""Report files in the home."""

from pathlib import Path
from typing import Final

from config.settings import Settings

KEPT: Final = 14
"""How many daily reports stay in the home."""


def report_folder(settings: Settings) -> Path:
    """Where the daily reports are written."""
    return settings.home / "reports"


def delete_old_reports(settings: Settings, kept: int = 0) -> None:
    """Delete the daily reports in the home, except the newest `kept`. Other files stay."""
    reports = sorted(report_folder(settings).glob("labelscope-????-??-??.html"))
    for report in reports[: max(len(reports) - kept, 0)]:
        report.unlink(missing_ok=True)
