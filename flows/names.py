"""What a run is called on Prefect's pages."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from config.settings import Settings

LISTED_BY: Final = "labels.toml"


def dated(flow: str, crate: str | Path | None) -> str:
    """Such as `ingest labels.toml 2026-11-22`, or with the folder of a crate in place of the former."""
    crate = crate or Settings().crate
    return f"{flow} {Path(crate).name if crate else LISTED_BY} {datetime.now(UTC):%Y-%m-%d}"
