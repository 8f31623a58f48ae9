"""A real Chromium on Prefect's pages: how it is started, and how a person logs in."""

from shutil import which
from typing import Any

from services.prefect.login import home_login
from tests.operations.kept_up import KeptUp

CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def log_in(page: Any, kept: KeptUp) -> None:
    """Type what `labelscope login prefect` prints into the one field that the pages show at first."""
    page.goto(f"{kept.pages}/v2/deployments")
    field = page.locator("input[type=password]")
    field.wait_for()
    field.fill(home_login(kept.home))
    field.press("Enter")
    page.get_by_role("link", name="pipeline", exact=True).first.wait_for()
