"""Prefect's pages as a person uses them, in a real browser: the timetable, a retraining from the form, its picture."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.ports import free_port
from sources.synth.crate import render_crate
from tests.operations.browser import CHROMIUM, FLAGS, log_in
from tests.operations.kept_up import KeptUp
from tests.processes import processes_of, wait_until

PICTURES = os.environ.get("LABELSCOPE_PICTURES")  # a folder for screenshots
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt install chromium)"),
    pytest.mark.timeout(600),
]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[KeptUp]:
    """A home with twelve extracted tracks that nobody has learnt from."""
    crate = tmp_path / "crate"
    render_crate(crate, tracks_per_label=4, artists_per_label=4, duration_s=9.0)
    kept = KeptUp(tmp_path / "home", free_port())
    for arguments in (("ingest", "--folder", crate), ("extract",)):
        assert kept.call(*arguments).returncode == 0
    kept.start()
    yield kept
    kept.stop()
    for process in processes_of(kept.home):
        os.kill(process, signal.SIGKILL)


@pytest.fixture
def page(kept: KeptUp) -> Iterator[Any]:
    """A page of a headless browser, in which a person has logged in; it may ask nobody but this server."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1680, "height": 900})
        page.set_default_timeout(60_000)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        log_in(page, kept)
        yield page
        browser.close()
    foreign = {url for url in asked if not url.startswith((kept.pages, f"blob:{kept.pages}", "data:"))}
    assert asked and not foreign


def keep(page: Any, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def test_a_person_retrains_from_the_form_and_looks_at_the_confusion_matrix(kept: KeptUp, page: Any) -> None:
    page.goto(f"{kept.pages}/v2/deployments")
    for flow in ("pipeline", "ingest", "extract", "retrain", "predict", "evaluate", "maintain", "report"):
        page.get_by_role("link", name=flow, exact=True).first.wait_for()
    page.get_by_text(re.compile("6 hours|1 schedules")).first.wait_for()
    page.get_by_text("At 03:30 AM").first.wait_for()
    keep(page, "deployments")

    deployment = kept.deployments()["retrain"]["id"]
    page.goto(f"{kept.pages}/v2/deployments/deployment/{deployment}/run")
    page.get_by_label("why").wait_for()
    page.get_by_label("why").fill("from the form")
    keep(page, "form")
    page.get_by_role("button", name="Submit").click()
    runs = {"flow_runs": {"deployment_id": {"any_": [deployment]}}, "sort": "START_TIME_DESC"}
    wait_until(lambda: kept.ask("/flow_runs/filter", runs), 60)
    [run] = kept.ask("/flow_runs/filter", runs)
    assert run["parameters"] == {"why": "from the form"}
    kept.wait_for(run["id"], "COMPLETED", seconds=240)
    page.goto(f"{kept.pages}/v2/runs/flow-run/{run['id']}")
    page.get_by_text("Completed").first.wait_for()
    keep(page, "run")

    matrix = {"artifacts": {"key": {"any_": ["confusion-matrix"]}}}
    page.goto(f"{kept.pages}/v2/artifacts/artifact/{kept.ask('/artifacts/filter', matrix)[0]['id']}")
    picture = page.locator("img[src^='data:image/png']").first
    picture.wait_for()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 200")
    keep(page, "confusion-matrix")
    page.goto(f"{kept.pages}/v2/artifacts")  # where it would ask a service that counts visitors
    page.get_by_text("confusion-matrix").first.wait_for()
    output = kept.call("sql", "SELECT why, status FROM training_runs", "--format", "csv").stdout
    assert "from the form,completed" in output
