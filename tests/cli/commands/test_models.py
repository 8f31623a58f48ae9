"""`labelscope models`, `promote` and `retrain`: a person chooses which model is in use."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from config.settings import Settings
from db.engine import Lock, try_lock
from tests.flows.inspection import rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]
Labelscope = Callable[..., str]

STATUSES = "SELECT id, status FROM models WHERE status <> 'baseline' ORDER BY id"
SCORED = "SELECT model_id, count(*) FROM predictions GROUP BY 1 ORDER BY 1"


def test_models_lists_those_that_could_be_used_newest_first(
    rivals: Stage, go_on: GoOn, labelscope: Labelscope
) -> None:
    go_on(rivals)
    output = labelscope("models").strip().splitlines()
    head, newest, oldest = output[:3]
    assert head.split()[:3] == ["id", "status", "made"]
    assert newest.split()[:2] == ["3", "rejected"] and newest.endswith("to see the same again")
    assert oldest.split()[:2] == ["1", "champion"]
    [why] = [line for line in output[3:] if line.startswith("1 ")]
    assert "No other model was in use." in why


def test_a_promotion_can_be_undone_and_each_model_scores_all_tracks(
    rivals: Stage, go_on: GoOn, labelscope: Labelscope
) -> None:
    engine = go_on(rivals)
    output = labelscope("promote", "3", "--why", "better on Kompakt")
    assert "Model 3 is in use." in output and "12 tracks scored by model 3" in output
    assert rows(engine, STATUSES) == [(1, "retired"), (3, "champion")]
    assert rows(engine, SCORED) == [(1, 12), (3, 12)]
    [(reason,)] = rows(engine, "SELECT reason FROM champion")
    assert reason.startswith("Balanced accuracy on 3") and reason.endswith(
        "In use because: better on Kompakt."
    )
    assert "0 tracks scored by model 1" in labelscope("promote", "1")
    assert rows(engine, STATUSES) == [(1, "champion"), (3, "retired")]


def test_a_model_that_cannot_be_used_is_refused_and_the_champion_stays(
    rivals: Stage, go_on: GoOn, labelscope: Labelscope
) -> None:
    engine = go_on(rivals)

    def refused(model: int) -> str:
        [sentence] = labelscope("promote", str(model), expect=1).strip().splitlines()
        return sentence

    assert "no model 99" in refused(99)
    assert "no model 2 " in refused(2)  # the baseline
    assert "in use already" in refused(1)

    with engine.begin() as connection:
        connection.execute(text("UPDATE training_runs SET origins = '[\"spotify\"]' WHERE id = 2"))
    assert "was trained on spotify" in refused(3)
    with engine.begin() as connection:
        connection.execute(text("UPDATE training_runs SET origins = '[\"folder\"]' WHERE id = 2"))

    with try_lock(engine, Lock.RETRAIN):
        assert "wait for its end" in refused(3)

    file = Settings().home / "models" / "2" / "labelscope.keras"
    file.write_bytes(file.read_bytes() + b" ")
    assert "was changed since it was saved" in refused(3)
    file.unlink()
    assert "no model file" in refused(3)
    assert rows(engine, STATUSES) == [(1, "champion"), (3, "rejected")]
    assert rows(engine, SCORED) == [(1, 12)]


def test_retrain_shows_its_outcome_and_a_new_champion_scores_all_tracks(
    trained: Stage, go_on: GoOn, labelscope: Labelscope, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = go_on(trained)
    monkeypatch.setenv("LABELSCOPE_PROMOTION_PROBABILITY", "0.5")
    same = labelscope("retrain", "--why", "to see the same again")
    assert (
        "not due: Training 1 used exactly these data and settings, so the same model would come out." in same
    )
    monkeypatch.setenv("LABELSCOPE_RANDOM_SEED", "2")
    output = labelscope("retrain", "--why", "good enough")
    assert "Training 1 used exactly these data, with other settings." in output
    assert "validation tracks are too few to calibrate this model" in output  # there are three
    assert "promoted: Balanced accuracy" in output and "12 tracks scored by model 3" in output
    assert rows(engine, SCORED) == [(1, 12), (3, 12)]
    assert (Settings().home / "models" / "1" / "labelscope.keras").exists()  # the old one is kept
    why = "SELECT why, on_demand FROM training_history WHERE model_status = 'champion'"
    assert rows(engine, why) == [("good enough", True)]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ('{"mebers": 1}', "names mebers: what can be chosen is crop_frames,"),
        ('{"members": 0}', "sets members to 0"),
        ('{"members": "many"}', "LABELSCOPE_HYPERPARAMETERS is not understood"),
        ("members=1", "not understood"),
    ],
)
def test_unknown_hyperparameters_are_named_and_begin_no_training(
    trained: Stage,
    go_on: GoOn,
    labelscope: Labelscope,
    monkeypatch: pytest.MonkeyPatch,
    changes: str,
    sentence: str,
) -> None:
    engine = go_on(trained)
    monkeypatch.setenv("LABELSCOPE_HYPERPARAMETERS", changes)
    output = labelscope("retrain", expect=1)
    assert sentence in output and len(output.strip().splitlines()) == 1
    assert rows(engine, "SELECT count(*) FROM training_runs") == [(1,)]
