"""`labelscope models`, `promote` and `retrain`: a person chooses which model is in use."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from config.settings import Settings
from db.engine import Lock, try_lock
from tests.flows.looking import rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]
FrontDoor = Callable[..., str]

STATUSES = "SELECT id, status FROM models WHERE status <> 'baseline' ORDER BY id"
SCORED = "SELECT model_id, count(*) FROM predictions GROUP BY 1 ORDER BY 1"


def test_models_lists_those_that_could_be_used_newest_first(
    rivals: Stage, go_on: GoOn, front_door: FrontDoor
) -> None:
    go_on(rivals)
    told = front_door("models").strip().splitlines()
    head, newest, oldest = told[:3]
    assert head.split()[:3] == ["id", "status", "made"]
    assert newest.split()[:2] == ["3", "rejected"] and newest.endswith("to see the same again")
    assert oldest.split()[:2] == ["1", "champion"]
    [why] = [line for line in told[3:] if line.startswith("1 ")]
    assert "No other model was in use." in why


def test_a_person_may_promote_and_take_it_back_and_all_tracks_are_scored_by_the_model_in_use(
    rivals: Stage, go_on: GoOn, front_door: FrontDoor
) -> None:
    engine = go_on(rivals)
    said = front_door("promote", "3", "--why", "it hears more")
    assert "Model 3 is in use." in said and "12 tracks scored by model 3" in said
    assert rows(engine, STATUSES) == [(1, "retired"), (3, "champion")]
    assert rows(engine, SCORED) == [(1, 12), (3, 12)]
    [(reason,)] = rows(engine, "SELECT reason FROM champion")
    assert reason.startswith("Balanced accuracy on 3") and reason.endswith("In use because: it hears more.")
    assert "0 tracks scored by model 1" in front_door("promote", "1")
    assert rows(engine, STATUSES) == [(1, "champion"), (3, "retired")]


def test_a_model_that_cannot_be_used_is_refused_in_a_sentence_and_the_champion_stays(
    rivals: Stage, go_on: GoOn, front_door: FrontDoor
) -> None:
    engine = go_on(rivals)

    def refused(model: int) -> str:
        [sentence] = front_door("promote", str(model), expect=1).strip().splitlines()
        return sentence

    assert "no model 99" in refused(99)
    assert "no model 2 " in refused(2)  # the yardstick
    assert "in use already" in refused(1)

    with engine.begin() as connection:
        connection.execute(text("UPDATE training_runs SET origins = '[\"spotify\"]' WHERE id = 2"))
    assert "learnt from spotify" in refused(3)
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


def test_retrain_says_what_came_of_it_and_a_new_champion_scores_all_tracks_at_once(
    trained: Stage, go_on: GoOn, front_door: FrontDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = go_on(trained)
    monkeypatch.setenv("LABELSCOPE_PROMOTION_PROBABILITY", "0.5")
    said = front_door("retrain", "--why", "good enough")
    assert "Training 1 has learnt from exactly these data" in said
    assert "validation tracks nobody can tell how sure" in said  # there are three
    assert "promoted: Balanced accuracy" in said and "12 tracks scored by model 3" in said
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
def test_hyperparameters_that_do_not_exist_are_told_in_a_sentence_and_begin_no_training(
    trained: Stage,
    go_on: GoOn,
    front_door: FrontDoor,
    monkeypatch: pytest.MonkeyPatch,
    changes: str,
    sentence: str,
) -> None:
    engine = go_on(trained)
    monkeypatch.setenv("LABELSCOPE_HYPERPARAMETERS", changes)
    said = front_door("retrain", expect=1)
    assert sentence in said and len(said.strip().splitlines()) == 1
    assert rows(engine, "SELECT count(*) FROM training_runs") == [(1,)]
