"""The reports that lie in the home."""

from pathlib import Path
from typing import Final

from config.settings import Settings

KEPT: Final = 14
"""Reports of so many days stay in the home."""


def report_folder(settings: Settings) -> Path:
    return settings.home / "reports"


def delete_old_reports(settings: Settings, kept: int = 0) -> None:
    """Remove all reports of the home but the newest ones; what people put elsewhere, or call otherwise, stays."""
    reports = sorted(report_folder(settings).glob("labelscope-????-??-??.html"))
    for old in reports[: max(len(reports) - kept, 0)]:
        old.unlink(missing_ok=True)
