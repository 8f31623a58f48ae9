"""When a training is due: after enough new tracks or a changed setting, and once for each reason."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import soundfile as sf
from sqlalchemy import Engine

from sources.synth.crate import Song, write_song
from tests.db.contents import contents
from tests.flows.inspection import rows
from tests.processes import wait_until
from tests.stages import Stage, copied, in_use

GoOn = Callable[[Stage], Engine]

NEW = 3  # tracks, in addition to twelve
SPLITS = "SELECT track_id, split, group_key, scheme, reason, decided_at FROM track_splits ORDER BY 1"
TRAININGS = "SELECT status, why, architecture, tracks, on_demand FROM training_runs ORDER BY id"
FIRST = ("completed", "the first training", "labelscope", 12, False)


@pytest.fixture(scope="module")
def grown(flows: SimpleNamespace, trained: Stage, three_labels: Path, rendered: Path) -> Iterator[Stage]:
    """After the first training two tracks of new artists come in, and a known recording under another name."""
    first, second, _ = sorted(three_labels.iterdir())
    for label in (first, second):
        write_song(Song(label.name, artist=0, number=0, seed=2, duration_s=9.0), three_labels)
    sound, rate = sf.read(min(first.glob("seed1-*.flac")))
    sf.write(second / "Somebody Else - Another Title.mp3", 0.4 * sound[rate // 3 :], rate, format="MP3")
    with copied(trained, trained.home.with_name("grown")) as stage:
        with in_use(stage):
            assert flows.ingest(three_labels).added == NEW
            assert flows.extract().ready == NEW
        yield stage
    shutil.rmtree(three_labels)
    for folder in sorted(rendered.iterdir())[:3]:
        shutil.copytree(folder, three_labels / folder.name)


@pytest.fixture(autouse=True)
def threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    """NEW new tracks make a training due, and no challenger is promoted."""
    monkeypatch.setenv("LABELSCOPE_RETRAIN_NEW_TRACKS", str(NEW))
    monkeypatch.setenv("LABELSCOPE_PROMOTION_PROBABILITY", "1")


@contextmanager
def nothing_trained(engine: Engine) -> Iterator[None]:
    before = rows(engine, TRAININGS)
    yield
    assert rows(engine, TRAININGS) == before


def test_too_few_new_tracks_or_too_small_a_share_start_no_training(
    flows: SimpleNamespace, grown: Stage, go_on: GoOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = go_on(grown)
    with nothing_trained(engine):
        monkeypatch.setenv("LABELSCOPE_RETRAIN_NEW_TRACKS", str(NEW + 1))
        assert flows.retrain().outcome == "not_due"
        monkeypatch.setenv("LABELSCOPE_RETRAIN_NEW_TRACKS", str(NEW))
        monkeypatch.setenv("LABELSCOPE_RETRAIN_NEW_SHARE", "0.26")  # they are a quarter of 12
        assert flows.retrain().outcome == "not_due"
    assert flows.predict().tracks == NEW
    assert rows(engine, "SELECT split, count(*) FROM predictions WHERE track_id > 12 GROUP BY 1") == [
        ("new", NEW)
    ]


def test_new_tracks_change_no_split_and_a_known_recording_joins_its_group(
    flows: SimpleNamespace, grown: Stage, go_on: GoOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABELSCOPE_RETRAIN_NEW_TRACKS", "1000")
    engine = go_on(grown)
    before = rows(engine, SPLITS)
    assert len(before) == 12
    flows.retrain()
    after = rows(engine, SPLITS)
    assert after[:12] == before and len(after) == 12 + NEW
    [(track, same)] = rows(
        engine,
        """SELECT s.track_id, substring(s.reason FROM 'same recording as track (\\d+)')::bigint
             FROM track_splits s JOIN tracks t ON t.id = s.track_id WHERE t.title = 'Another Title'""",
    )
    splits = {row[0]: row[1:3] for row in after}
    assert splits[track] == splits[same]
    others = [row for row in after[12:] if row[0] != track]
    assert [reason for *_, reason, _ in others] == ["its group was assigned by quota"] * 2


@pytest.mark.slow
def test_two_runs_at_the_threshold_start_one_training_and_later_runs_none(
    flows: SimpleNamespace, grown: Stage, go_on: GoOn, three_labels: Path
) -> None:
    engine = go_on(grown)
    with ThreadPoolExecutor(1) as other:
        first = other.submit(flows.retrain)
        wait_until(lambda: first.done() or rows(engine, f"{TRAININGS} DESC LIMIT 1")[0][0] == "running")
        assert flows.retrain().outcome == "busy"
        assert first.result().outcome == "rejected"
    due = (f"{NEW} new tracks, beside 12 in the last training", "labelscope", 12 + NEW, False)
    assert rows(engine, TRAININGS) == [FIRST, ("completed", *due)]

    later = flows.pipeline(three_labels)
    assert (later.retrained.outcome, later.predicted.tracks) == ("not_due", NEW)
    with engine.connect() as connection:
        before = contents(connection)
    assert flows.pipeline(three_labels).retrained.outcome == "not_due"
    with engine.connect() as connection:
        assert contents(connection) == before


@pytest.mark.slow
def test_another_architecture_is_trained_once_and_the_former_one_not_again(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = go_on(trained)
    with monkeypatch.context() as patch:
        patch.setenv("LABELSCOPE_ARCHITECTURE", "seed")
        assert flows.retrain().outcome == "rejected"
        due = ("completed", "the architecture has changed from labelscope to seed", "seed", 12, False)
        assert rows(engine, TRAININGS) == [FIRST, due]
        assert flows.retrain().outcome == "not_due"
    assert flows.retrain().outcome == "not_due"
    assert rows(engine, TRAININGS) == [FIRST, due]


@pytest.mark.slow
def test_a_removed_label_makes_a_training_due_and_its_model_is_promoted(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn, three_labels: Path, tmp_path: Path
) -> None:
    engine = go_on(trained)
    *_, last = sorted(three_labels.iterdir())
    away = last.rename(tmp_path / last.name)
    try:
        assert flows.ingest(three_labels).removed == 4
    finally:
        away.rename(last)
    retrained = flows.retrain()
    assert retrained.outcome == "promoted" and retrained.reason.startswith("The labels have changed")
    assert rows(engine, TRAININGS)[1][:4] == ("completed", "the set of labels has changed", "labelscope", 8)
    assert flows.retrain().outcome == "not_due"
    assert flows.predict().tracks == 8  # those of the removed label are gone
