"""What a run is called on Prefect's pages, and what it is found by."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from config.settings import Settings

LISTED_BY: Final = "labels.toml"
TAG: Final = "labelscope"  # of every deployment, of its runs and of their stages
POOL: Final = "labelscope"  # of work, for workers on other machines
LONGEST: Final = 80  # characters of a file's name


def dated(flow: str, crate: str | Path | None) -> str:
    """Such as `ingest labels.toml 2026-11-22`, or with the folder of a crate in place of the former."""
    crate = crate or Settings().crate
    return f"{flow} {Path(crate).name if crate else LISTED_BY} {datetime.now(UTC):%Y-%m-%d}"


def of_recording(flow: str, name: str) -> str:
    """Such as `mix "Live at Berghain.mp3" 2026-11-25`; a long name is cut."""
    shown = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return f'{flow} "{shown}" {datetime.now(UTC):%Y-%m-%d}'
