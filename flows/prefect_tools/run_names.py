"""Names, tags and the work pool of runs on Prefect's pages."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from config.settings import Settings

LISTED_BY: Final = "labels.toml"
TAG: Final = "labelscope"  # of every deployment, of its runs and of their stages
POOL: Final = "labelscope"  # the work pool for workers on other machines
LONGEST_FILE_NAME: Final = 80  # characters


def timed(flow: str) -> Callable[[], str]:
    """A function for the names of a flow's runs, such as `extract 2026-11-22 06:00` (UTC)."""
    return lambda: f"{flow} {datetime.now(UTC):%Y-%m-%d %H:%M}"


def dated(flow: str, crate: str | Path | None) -> str:
    """A run name such as `ingest labels.toml 2026-11-22`; for a crate with its folder in place of labels.toml."""
    crate = crate or Settings().crate
    return f"{flow} {Path(crate).name if crate else LISTED_BY} {datetime.now(UTC):%Y-%m-%d}"


def of_recording(flow: str, name: str) -> str:
    """A run name such as `mix "Live at Berghain.mp3" 2026-11-25`; a long file name is cut."""
    shown = name if len(name) <= LONGEST_FILE_NAME else f"{name[: LONGEST_FILE_NAME - 1]}…"
    return f'{flow} "{shown}" {datetime.now(UTC):%Y-%m-%d}'
