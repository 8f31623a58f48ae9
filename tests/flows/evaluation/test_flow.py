"""Evaluations: their rows, one at a time, and apart from the models in use."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine

from config.settings import Settings
from db.engine import Lock, try_lock
from ml.data.hyperparameters import PRESETS
from tests.flows.inspection import artifacts_of, rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]

CONTENDERS = ("baseline", "labelscope", "seed")


def test_a_second_evaluation_is_busy_and_one_with_too_few_groups_is_refused(
    flows: SimpleNamespace, extracted: Stage, go_on: GoOn
) -> None:
    engine = go_on(extracted)
    with try_lock(engine, Lock.EVALUATE):
        assert flows.evaluate(3, 1).outcome == "busy"
    assert rows(engine, "SELECT status FROM evaluations") == []
    refused = flows.evaluate(5, 1)
    assert refused.outcome == "refused" and "ask for fewer folds" in refused.reason
    assert rows(engine, "SELECT status, error LIKE '%fewer folds%' FROM evaluations") == [("failed", True)]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_three_contenders_are_compared_by_three_protocols(
    flows: SimpleNamespace, extracted: Stage, go_on: GoOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("labelscope", "seed"):
        monkeypatch.setitem(PRESETS, name, replace(PRESETS[name], epochs=2, minimum_steps=2))
    engine = go_on(extracted)
    assert flows.evaluate(3, 1).outcome == "completed"
    assert "balanced_accuracy_over_baseline" in artifacts_of()["evaluation"].data

    table = "SELECT DISTINCT protocol, architecture, level FROM evaluation_table ORDER BY 1, 2, 3"
    levels = {
        name: ("clip", "track") if name == "baseline" else ("clip", "crop", "track") for name in CONTENDERS
    }
    assert rows(engine, table) == [
        *(("grouped", name, level) for name in CONTENDERS for level in levels[name]),
        ("leave_one_label_out", "labelscope", "track"),
        *(("seed_protocol", name, level) for name in CONTENDERS for level in levels[name]),
    ]
    whole = (
        "SELECT architecture, value BETWEEN 0 AND 1, count FROM evaluation_table WHERE protocol = 'grouped'"
    )
    balanced = f"{whole} AND level = 'track' AND name = 'balanced_accuracy' ORDER BY 1"
    assert rows(engine, balanced) == [(name, True, 12) for name in CONTENDERS]
    pairs = """SELECT architecture, name, ci_low <= value AND value <= ci_high, count FROM evaluation_table
                WHERE name LIKE '%over%' ORDER BY 2"""
    assert rows(engine, pairs) == [
        ("labelscope", f"balanced_accuracy_over_{other}", True, 12) for other in ("baseline", "seed")
    ]
    areas = "SELECT l.slug, m.value BETWEEN 0 AND 1 FROM evaluation_metrics m LEFT JOIN labels l ON l.id = label_id"
    labels = [slug for (slug,) in rows(engine, "SELECT slug FROM labels ORDER BY id")]
    assert rows(engine, f"{areas} WHERE m.name = 'auroc' ORDER BY m.id") == [
        (None, True),
        *((label, True) for label in labels),
    ]
    cells = "SELECT sum(count) FROM evaluation_confusions WHERE protocol = 'grouped' AND level = 'track'"
    assert rows(engine, f"{cells} GROUP BY architecture") == [(12,)] * 3

    run = (
        "SELECT folds, repeats, tracks, groups, origins, hyperparameters->'seed'->>'epochs' FROM evaluations"
    )
    assert rows(engine, run) == [(3, 1, 12, 12, ["folder"], "2")]
    assert rows(engine, "SELECT count(*) FROM models") == [(0,)]
    assert not (Settings().home / "models").exists()
