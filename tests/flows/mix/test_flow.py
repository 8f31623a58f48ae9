"""Long recordings with a real Prefect server, PostgreSQL and champion: rows, verdicts, artifacts, bad inputs."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from psycopg.errors import CheckViolation
from sqlalchemy import Engine, text

from config.label_errors import ConfigurationError
from config.settings import Settings
from flows.prefect_tools import progress
from tests.flows.inspection import artifacts_of, rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]

COUNTS = "SELECT (SELECT count(*) FROM mixes), (SELECT count(*) FROM mix_segments), (SELECT count(*) FROM mix_windows)"
STATUS = "SELECT status, reason FROM mixes ORDER BY id"


@pytest.fixture
def copy(recording: Path, tmp_path: Path) -> Path:
    """A copy of the recording in the folder of the test."""
    return Path(shutil.copy(recording, tmp_path))


def rejection(flows: SimpleNamespace, path: Path | str) -> tuple[str, Any]:
    """The message and the state of a run that fails."""
    state = flows.mix(str(path), return_state=True)
    assert state.is_failed()
    return str(state.message), state


def test_a_recording_becomes_consistent_rows_and_artifacts(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PAGE_SECONDS", 0.0)
    engine = go_on(trained)
    state = flows.mix(str(recording), return_state=True)
    mixed = state.result()
    assert not mixed.recognised

    [row] = rows(
        engine,
        """SELECT title, path, status, round(duration_s), model_id, length(sha256), flow_run_id,
                  verdict, verdict_reason, taste FROM mixes""",
    )
    run = str(state.state_details.flow_run_id)
    path = str(recording)
    assert row == ("Somebody – Live at Berghain", path, "analysed", 72, 1, 64, run, None, None, None)

    tiled = """SELECT bool_and(start_s = before), min(start_s), max(end_s) = max(duration_s)
                 FROM (SELECT s.*, m.duration_s,
                              lag(end_s, 1, 0) OVER (PARTITION BY mix_id ORDER BY number) AS before
                         FROM mix_segments s JOIN mixes m ON m.id = s.mix_id) AS segment"""
    assert rows(engine, tiled) == [(True, 0, True)]
    [(windows, step, labels, sums)] = rows(
        engine,
        """SELECT count(*), min(after - start_s)::float8, min(cardinality(probabilities)),
                  bool_and(abs((SELECT sum(p) FROM unnest(probabilities) AS p) - 1) < 1e-4)
             FROM (SELECT *, lead(start_s) OVER (ORDER BY number) AS after FROM mix_windows) AS w""",
    )
    assert (step, labels, sums) == (pytest.approx(1.486, abs=0.002), 3, True)
    assert windows == pytest.approx(72 / step, abs=2)
    own = "SELECT count(*) FROM mix_windows w WHERE label_id IS NULL OR label_id IN (SELECT id FROM labels)"
    assert rows(engine, own) == [(windows,)]
    shares = "SELECT sum(share), min(share) > 0, bool_or(label = 'unknown') FROM mix_shares"
    [(total, positive, unknown)] = rows(engine, shares)
    assert total == pytest.approx(1) and positive
    assert rows(engine, "SELECT unknown_share > 0 FROM mixes") == [(unknown,)]
    timeline = "SELECT starts, ends, label FROM mix_timeline ORDER BY number"
    assert rows(engine, timeline)[0][0] == "0:00:00" and rows(engine, timeline)[-1][1] == "0:01:12"

    left = artifacts_of(run)
    types = {key: artifact.type for key, artifact in left.items()}
    assert types == {
        None: "progress",
        "mix-verdict": "markdown",
        "mix-timeline": "image",
        "mix-segments": "table",
    }
    assert left[None].data == 100.0
    assert left["mix-timeline"].data.startswith("data:image/png;base64,")
    assert "Live at Berghain" in left["mix-verdict"].data and "long, " in left["mix-verdict"].data
    assert run_name(run).startswith('mix "Somebody - Live at Berghain.flac" 20')


def run_name(run: str) -> str:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return client.read_flow_run(run).name


def test_a_file_is_recognised_by_its_content_and_judged_by_the_current_taste(
    flows: SimpleNamespace,
    trained: Stage,
    go_on: GoOn,
    recording: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from flows.mix import analysis
    from flows.mix.recording_file import as_parameter

    engine = go_on(trained)
    first = flows.mix(str(recording))
    before = rows(engine, COUNTS)
    monkeypatch.setattr(analysis, "analyse", never)
    shown = "SELECT verdict, taste ->> 'unknown' FROM mixes"

    elsewhere = Path(os.fsdecode(os.fsencode(tmp_path) + b"/line\nbreak \xe9.flac"))
    shutil.copy(recording, elsewhere)
    (tmp_path / "link").symlink_to(recording)
    for other in (recording, elsewhere, tmp_path / "link"):
        again = flows.mix(as_parameter(other))
        assert (again.mix_id, again.recognised) == (first.mix_id, True)
    assert rows(engine, COUNTS) == before

    taste = tmp_path / "labels.toml"
    monkeypatch.setenv("LABELSCOPE_LABELS", str(taste))
    listed = '[[label]]\nname = "a"\nplaylists = ["deezer:1"]\n[taste]\nunknown = {}\nvariety = 0\n[taste.labels]\n'
    names = [name for (name,) in rows(engine, "SELECT name FROM labels ORDER BY id")]
    for weight, word in ((1, "listen"), (-1, "skip")):
        taste.write_text(listed.format(weight) + "".join(f'"{name}" = {weight}\n' for name in names))
        assert flows.mix(str(recording)).recognised
        assert rows(engine, shown) == [(word, f"{weight}.0")]
    taste.write_text(listed.format(0) + "nobody = 1\n")
    with pytest.raises(ConfigurationError, match="line 8: there is no label 'nobody'"):
        flows.mix(str(recording))
    assert rows(engine, shown) == [("skip", "-1.0")]


def never(*_: object) -> None:
    raise AssertionError("This recording was analysed before.")


def test_another_champion_analyses_it_anew_and_results_go_with_their_model(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn, recording: Path
) -> None:
    engine = go_on(trained)
    flows.mix(str(recording))
    with engine.begin() as connection:
        connection.execute(
            text("""
                UPDATE models SET status = 'retired' WHERE id = 1;
                INSERT INTO models (training_run_id, architecture, path, sha256, bytes, status)
                SELECT training_run_id, 'its twin', path, sha256, bytes, 'champion' FROM models WHERE id = 1;
            """)
        )
    assert not flows.mix(str(recording)).recognised
    assert rows(engine, "SELECT model_id FROM mixes ORDER BY 1") == [(1,), (3,)]
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM models WHERE id = 1"))
    assert rows(engine, "SELECT model_id FROM mixes") == [(3,)]
    assert rows(engine, "SELECT DISTINCT mix_id FROM mix_windows") == rows(engine, "SELECT id FROM mixes")


def test_bad_inputs_leave_a_row_with_the_reason_and_a_failed_run(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn, copy: Path, tmp_path: Path
) -> None:
    engine = go_on(trained)
    whole = copy.read_bytes()
    (tmp_path / "cut.flac").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.mp3").write_text("This is no music.\n" * 100)
    shutil.copy(next((trained.home.with_name("crate")).glob("*/*.flac")), tmp_path / "nine seconds.flac")
    (tmp_path / "empty.wav").touch()
    os.mkfifo(tmp_path / "pipe")
    expected = {
        "cut.flac": ("truncated", "cut short"),
        "text.mp3": ("not_audio", "not a sound file"),
        "nine seconds.flac": ("too_short", "9.0 s"),
        "empty.wav": ("empty", "no bytes"),
        "pipe": ("not_audio", "not a file"),
        "": ("not_audio", "not a file"),  # the folder itself
        "gone.mp3": ("missing", "not there"),
    }
    for name, (reason, words) in expected.items():
        sentence, state = rejection(flows, tmp_path / name)
        assert words in sentence and sentence.endswith(".") and "\n" not in sentence
        latest = "SELECT reason, detail, flow_run_id FROM mixes ORDER BY id DESC LIMIT 1"
        run = str(state.state_details.flow_run_id)
        assert rows(engine, latest) == [(reason, sentence, run)]
        assert {key: page.type for key, page in artifacts_of(run).items()} == {"mix-verdict": "markdown"}
    rejected = "SELECT count(*), count(sha256) FROM mixes WHERE status = 'rejected'"
    assert rows(engine, rejected) == [(7, 2)]

    # A second failed attempt replaces the row of the first one; a successful attempt removes it.
    rejection(flows, tmp_path / "text.mp3")
    assert rows(engine, rejected) == [(7, 2)]
    (tmp_path / "text.mp3").write_bytes(whole)
    assert not flows.mix(str(tmp_path / "text.mp3")).recognised
    assert rows(engine, rejected) == [(6, 2)]
    (tmp_path / "gone.mp3").write_bytes(whole)
    assert flows.mix(str(tmp_path / "gone.mp3")).recognised
    assert rows(engine, rejected) == [(5, 2)]


@pytest.mark.parametrize("moment", ["before", "while"])
def test_a_file_that_changes_during_its_analysis_is_rejected(
    flows: SimpleNamespace,
    trained: Stage,
    go_on: GoOn,
    copy: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    from flows.mix import analysis
    from ml.mixes.analyse import analyse

    def changing(path: Path, scorer: Any, show_progress: Callable[..., None]) -> Any:
        def change(*progress: float | None) -> None:
            os.utime(path)
            show_progress(*progress)

        if moment == "before":
            os.utime(path)
        return analyse(path, scorer, change if moment == "while" else show_progress)

    engine = go_on(trained)
    monkeypatch.setattr(analysis, "analyse", changing)
    sentence, _ = rejection(flows, copy)
    assert "was changed while it was" in sentence
    assert rows(engine, STATUS) == [("rejected", "changed")]


def test_of_two_runs_at_once_the_second_takes_the_result_of_the_first(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.mix import analysis
    from ml.mixes.segmentation import timeline

    engine = go_on(trained)
    first: list[Any] = []

    def overtaken(*arguments: Any) -> Any:
        monkeypatch.setattr(analysis, "timeline", timeline)
        first.append(flows.mix(str(recording)))
        return timeline(*arguments)

    monkeypatch.setattr(analysis, "timeline", overtaken)
    second = flows.mix(str(recording))
    assert not first[0].recognised and second.recognised
    assert first[0].mix_id == second.mix_id
    assert rows(engine, STATUS) == [("analysed", None)]


def test_a_run_that_fails_while_writing_leaves_no_rows(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.mix import analysis
    from flows.mix import flow as mix_flow
    from flows.mix.rows import window_rows
    from ml.mixes.segmentation import timeline

    engine = go_on(trained)

    def without_end(*arguments: Any) -> Any:
        written = window_rows(*arguments)
        return [*written, {**written[-1], "number": len(written), "confidence": 2.0}]

    with monkeypatch.context() as patch, pytest.raises(CheckViolation):
        patch.setattr(mix_flow, "window_rows", without_end)
        flows.mix(str(recording))
    assert rows(engine, COUNTS) == [(0, 0, 0)]

    def removed(*arguments: Any) -> Any:
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM models WHERE id = 1"))
        return timeline(*arguments)

    monkeypatch.setattr(analysis, "timeline", removed)
    with pytest.raises(
        mix_flow.ModelRemoved, match=r"Model 1 was removed while .* was analysed; run `labelscope mix` again"
    ):
        flows.mix(str(recording))
    assert rows(engine, COUNTS) == [(0, 0, 0)]


def test_without_an_intact_model_nothing_is_analysed_and_the_error_has_the_cure(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn, recording: Path
) -> None:
    from flows.checks.no_champion import NoModelError
    from ml.models.model_file import ModelFileError

    engine = go_on(trained)
    file = Settings().home / "models" / "1" / "labelscope.keras"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(ModelFileError, match="was changed since it was saved"):
        flows.mix(str(recording))
    with engine.begin() as connection:
        connection.execute(text("UPDATE models SET status = 'retired'"))
    with pytest.raises(NoModelError, match="labelscope run"):
        flows.mix(str(recording))
    assert rows(engine, COUNTS) == [(0, 0, 0)]
