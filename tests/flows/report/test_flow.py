"""The report of a real home: its contents, its file, and the artifacts that flows leave in Prefect."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import Engine, text

from config.settings import Settings
from flows.home.whole_file import OutputFileError
from tests.file_size_limit import file_size_limit
from tests.flows.inspection import rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]

SECTIONS = [
    "coverage",
    "new",
    "labels",
    "confusion",
    "curves",
    "trainings",
    "sound",
    "spectrograms",
    "map",
    "mixes",
]


@pytest.fixture
def write(flows: SimpleNamespace) -> Callable[..., Path]:
    """A function that writes the report of the home in use and returns its path."""
    from flows.report.page import write_report

    return lambda *path: write_report(Settings(), *path).path


def chart_data(page: str) -> dict[str, dict[str, list[dict[str, list[object]]]]]:
    match = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.DOTALL)
    assert match
    return dict(json.loads(match[1]))


def test_the_report_shows_the_values_of_the_database(
    rivals: Stage, go_on: GoOn, write: Callable[..., Path]
) -> None:
    engine = go_on(rivals)
    path = write()
    assert re.fullmatch(r"labelscope-\d{4}-\d\d-\d\d\.html", path.name)
    assert path.parent == Settings().home / "reports"
    page = path.read_text()
    assert re.findall(r'<section id="(\w+)"', page) == SECTIONS
    for (name,) in rows(engine, "SELECT name FROM labels"):
        assert page.count(name.replace("'", "&#39;")) >= 10
    drawn = chart_data(page)
    accuracy = rows(engine, "SELECT accuracy FROM label_accuracy ORDER BY accuracy DESC")
    assert drawn["labels"]["data"][0]["x"] == [value for (value,) in accuracy]
    [cells] = drawn["confusion"]["data"]
    counted = [[int(str(count or 0)) for count in row] for row in cells["text"]]  # type: ignore[attr-defined]
    assert np.sum(counted) == rows(engine, "SELECT sum(count) FROM confusion_matrix")[0][0]
    assert len(drawn["loss"]["data"]) == 2 * 3  # of three networks, training and validation
    assert len(drawn["trainings"]["data"][1]["y"]) == 2
    assert page.count('<image href="data:image/png;base64,') == 3
    assert "Most often taken for" in page and "No mix was analysed yet" in page


def test_boxes_are_the_quartiles_of_a_labels_clips(
    trained: Stage, go_on: GoOn, write: Callable[..., Path]
) -> None:
    engine = go_on(trained)
    boxes = chart_data(write().read_text())["sound-spectral-centroid-hz"]["data"]
    measured = """
        SELECT f.spectral_centroid_hz FROM audio_features f JOIN track_labels tl ON tl.track_id = f.track_id
         WHERE tl.label_id = (SELECT min(id) FROM labels)
    """
    values = [value for (value,) in rows(engine, measured)]
    ends = [boxes[0][name][0] for name in ("lowerfence", "q1", "median", "q3", "upperfence")]
    assert ends == pytest.approx(np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]), rel=1e-4)


def test_markup_in_names_is_shown_as_text(trained: Stage, go_on: GoOn, write: Callable[..., Path]) -> None:
    engine = go_on(trained)
    with engine.begin() as connection:
        connection.execute(text("UPDATE tracks SET title = '<script>alert(1)</script>'"))
        connection.execute(
            text("UPDATE labels SET name = '</script><img src=x onerror=alert(2)>' WHERE id = 1")
        )
    page = write().read_text()
    assert page.count("<script") == 4 and page.count("</script>") == 4
    assert "<img" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_report_that_cannot_be_finished_leaves_the_one_before(
    trained: Stage, go_on: GoOn, write: Callable[..., Path]
) -> None:
    go_on(trained)
    path = write()
    before = path.read_bytes()
    with pytest.raises(OutputFileError, match="File too large"), file_size_limit(len(before) // 2):
        write()
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_two_weeks_of_reports_stay_and_a_purge_leaves_none(
    trained: Stage, go_on: GoOn, write: Callable[..., Path], tmp_path: Path
) -> None:
    from flows.ingest.retention import purge

    engine = go_on(trained)
    folder = Settings().home / "reports"
    folder.mkdir()
    for day in range(1, 21):
        (folder / f"labelscope-2020-01-{day:02}.html").touch()
    (folder / "mine.html").touch()
    elsewhere = write(tmp_path / "elsewhere" / "page.html")
    assert len(list(folder.iterdir())) == 21
    newest = write()
    names = sorted(path.name for path in folder.iterdir())
    assert names == [*(f"labelscope-2020-01-{day:02}.html" for day in range(8, 21)), newest.name, "mine.html"]
    purge(engine, Settings(), "folder")
    assert [path.name for path in folder.iterdir()] == ["mine.html"] and elsewhere.exists()


def test_the_page_of_an_empty_home_names_the_commands_to_run(
    own_database: str, write: Callable[..., Path], tmp_path: Path
) -> None:
    page = write(tmp_path / "page.html").read_text()
    assert re.findall(r'<section id="(\w+)"', page) == SECTIONS
    assert chart_data(page) == {}
    assert "There is nothing here yet. labelscope demo runs the whole pipeline" in page


def test_flows_leave_their_artifacts_and_that_of_the_report_has_its_path(
    flows: SimpleNamespace, rivals: Stage, go_on: GoOn
) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

    from flows.report.flow import report

    go_on(rivals)
    flows.maintain()
    written = report()
    expected = {
        *("came-in", "not-used", "coverage", "sound", "models", "label-accuracy", "confusion-matrix"),
        *("learning-curves", "trainings", "extracted", "predicted", "mistakes", "kept-up", "report"),
    }
    with get_client(sync_client=True) as client:
        left = client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=sorted(expected))), limit=200
        )
    assert {artifact.key for artifact in left} == expected
    [summary] = [str(artifact.data) for artifact in left if artifact.key == "report"]
    assert summary.count("\n- ") == len(SECTIONS)
    assert written.path.stem.replace("-", "") in summary.replace("\\", "").replace("-", "")
