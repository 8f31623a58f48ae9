from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from ml.evaluation.aggregation import LEVELS as EVERY_LEVEL
from ml.evaluation.calibration import Temperatures, calibrate
from ml.evaluation.evaluate import Confusion, Evaluation
from ml.evaluation.evaluate import evaluate as evaluate_answers
from ml.evaluation.predictions import pooled, predictions_by_level

# Six crops of four clips of three tracks: clip 1 = (0, 1), clip 2 = (2), clip 3 = (3, 4), clip 4 = (5).
SCORES = np.array(
    [[0.9, 0.1, 0.0], [0.3, 0.6, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7], [0.5, 0.3, 0.2], [0.25, 0.35, 0.4]],
)
TRUTH = np.array([0, 0, 0, 2, 2, 1])
CLIP = np.array([1, 1, 2, 3, 3, 4])
TRACK = np.array([10, 10, 10, 20, 20, 30])
# By hand: the means of the crops of each clip, then of the clips of each track.
CLIP_SCORES = np.array([[0.6, 0.35, 0.05], [0.2, 0.5, 0.3], [0.3, 0.25, 0.45], [0.25, 0.35, 0.4]])
TRACK_SCORES = np.array([[0.4, 0.425, 0.175], [0.3, 0.25, 0.45], [0.25, 0.35, 0.4]])
LEVELS = {
    "crop": (TRUTH, SCORES),
    "clip": (np.array([0, 0, 2, 1]), CLIP_SCORES),
    "track": (np.array([0, 2, 1]), TRACK_SCORES),
}


def evaluate(
    split: str,
    scores: np.ndarray,
    truth: np.ndarray,
    clip: np.ndarray,
    track: np.ndarray,
    group: Sequence[str] | np.ndarray | None = None,
    temperatures: Temperatures | None = None,
    levels: Sequence[str] = EVERY_LEVEL,
    known: dict[int, bool] | None = None,
) -> Evaluation:
    predictions = predictions_by_level(
        scores, truth, clip, track, group=group, temperatures=temperatures, levels=levels
    )
    return evaluate_answers(split, predictions, known)


@pytest.mark.parametrize("level", LEVELS)
def test_figures_equal_those_of_scikit_learn(level: str) -> None:
    result = evaluate("holdout", SCORES, TRUTH, CLIP, TRACK)
    true, scores = LEVELS[level]
    predicted = scores.argmax(axis=1)
    expected = {
        "accuracy": metrics.accuracy_score(true, predicted),
        "majority": np.bincount(true).max() / len(true),
        "balanced_accuracy": metrics.balanced_accuracy_score(true, predicted),
        "macro_f1": metrics.f1_score(true, predicted, average="macro"),
        "top2_accuracy": metrics.top_k_accuracy_score(true, scores, k=2),
        "log_loss": metrics.log_loss(true, scores.astype(float), labels=[0, 1, 2]),
    }
    assert {name: result.value(level, name) for name in expected} == pytest.approx(expected, abs=1e-6)
    report = metrics.classification_report(true, predicted, output_dict=True, zero_division=0)
    for metric in result.metrics:
        assert metric.split == "holdout"
        if metric.level == level and metric.label is not None:
            own = report[str(metric.label)]
            assert metric.value == pytest.approx(own[metric.name.replace("f1", "f1-score")])
            assert metric.count == own["support"]
        elif metric.level == level:
            assert metric.count == len(true)
    matrix = np.zeros((3, 3), dtype=int)
    for row in result.confusions:
        if row.level == level:
            matrix[row.true, row.predicted] = row.count
    assert np.array_equal(matrix, metrics.confusion_matrix(true, predicted, labels=[0, 1, 2]))


def test_every_pair_of_labels_has_a_confusion_row() -> None:
    result = evaluate("holdout", SCORES, TRUTH, CLIP, TRACK)
    assert len(result.confusions) == 3 * 9
    assert Confusion("holdout", "track", 0, 1, 1) in result.confusions
    assert Confusion("holdout", "track", 1, 0, 0) in result.confusions


def test_a_label_that_does_not_occur_has_no_figures_and_lowers_none() -> None:
    right = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]])
    ids = np.arange(2)
    result = evaluate("validation", right, ids, ids, ids)
    assert result.value("track", "balanced_accuracy") == 1.0
    assert result.value("track", "macro_f1") == 1.0
    assert {metric.label for metric in result.metrics} == {None, 0, 1}
    with pytest.raises(KeyError, match="no recall at level track for label 2"):
        result.value("track", "recall", 2)


def test_the_interval_is_that_of_groups_not_of_crops() -> None:
    random = np.random.default_rng(0)
    group = np.repeat(np.arange(30), 20)
    truth = np.zeros(600, dtype=np.int64)
    right = np.repeat(random.random(30) < 0.7, 20)
    scores = np.where(right[:, None], [[0.9, 0.1]], [[0.1, 0.9]])
    together = evaluate("holdout", scores, truth, np.arange(600), group, group.astype(str).tolist())
    alone = evaluate("holdout", scores, truth, np.arange(600), np.arange(600))
    wide, narrow = (result.metrics[0] for result in (together, alone))
    assert wide.ci_low is not None
    assert wide.ci_high is not None
    assert narrow.ci_low is not None
    assert narrow.ci_high is not None
    assert wide.value == narrow.value == right.mean()
    assert wide.ci_low < narrow.ci_low < wide.value < narrow.ci_high < wide.ci_high
    share = right.mean()  # 30 independent predictions: compared with the binomial interval
    assert wide.ci_high - wide.ci_low == pytest.approx(2 * 1.96 * np.sqrt(share * (1 - share) / 30), rel=0.15)
    assert evaluate("holdout", scores, truth, group, group).metrics == (
        evaluate("holdout", scores, truth, group, group).metrics
    )


def test_one_group_has_no_interval() -> None:
    result = evaluate("holdout", SCORES, TRUTH, CLIP, TRACK, ["one"] * 6)
    assert result.metrics[0].name == "accuracy"
    assert result.metrics[0].ci_low is None
    assert result.metrics[0].ci_high is None


def test_nothing_to_evaluate_gives_no_rows() -> None:
    none = np.empty(0, dtype=np.int64)
    result = evaluate("holdout", np.empty((0, 3)), none, none, none)
    assert result.metrics == result.confusions == ()


def test_every_figure_but_majority_has_an_interval_about_it() -> None:
    random = np.random.default_rng(1)
    truth = random.integers(3, size=120)
    scores = random.dirichlet(np.ones(3), size=120) + np.eye(3)[truth] * 0.4
    ids = np.arange(120)
    result = evaluate("holdout", scores / scores.sum(axis=1, keepdims=True), truth, ids, ids // 2, ids // 4)
    for metric in result.metrics:
        if metric.name == "majority":
            assert metric.ci_low is metric.ci_high is None
        else:
            assert metric.ci_low is not None
            assert metric.ci_high is not None
            assert metric.ci_low < metric.value < metric.ci_high or metric.name == "ece"
    assert {metric.name for metric in result.metrics} == {
        *("accuracy", "majority", "balanced_accuracy", "macro_f1", "top2_accuracy", "ece", "log_loss"),
        *("precision", "recall", "f1"),
    }


def test_a_label_of_one_group_is_left_out_of_resamples_without_it() -> None:
    # Label 0: ten groups, all right. Label 1: a single group, all wrong. Balanced accuracy of a resample is 0.5
    # with that group, 1 without it; recall of label 1 is 0 wherever there is one.
    truth = np.array([0] * 10 + [1])
    scores = np.tile([0.9, 0.1], (11, 1))
    ids = np.arange(11)
    found = {
        (metric.name, metric.label): (metric.ci_low, metric.value, metric.ci_high)
        for metric in evaluate("holdout", scores, truth, ids, ids, levels=["track"]).metrics
    }
    assert found["balanced_accuracy", None] == (0.5, 0.5, 1.0)
    assert found["recall", 1] == (0.0, 0.0, 0.0)
    assert found["recall", 0] == (1.0, 1.0, 1.0)


def test_only_the_levels_that_are_asked_for_are_evaluated() -> None:
    result = evaluate("holdout", SCORES, TRUTH, CLIP, TRACK, levels=("clip", "track"))
    whole = evaluate("holdout", SCORES, TRUTH, CLIP, TRACK)
    assert result.metrics == tuple(metric for metric in whole.metrics if metric.level != "crop")
    assert result.confusions == tuple(row for row in whole.confusions if row.level != "crop")


def test_each_level_is_calibrated_after_the_means_are_taken() -> None:
    temperatures = Temperatures(crop=0.5, clip=2.0, track=3.0)
    result = evaluate("holdout", SCORES, TRUTH, CLIP, TRACK, temperatures=temperatures)
    for level, (true, scores) in LEVELS.items():
        calibrated = calibrate(scores, getattr(temperatures, level))
        loss = metrics.log_loss(true, calibrated, labels=[0, 1, 2])
        assert result.value(level, "log_loss") == pytest.approx(loss)
        assert result.value(level, "accuracy") == metrics.accuracy_score(true, scores.argmax(axis=1))


def test_unknown_tracks_lower_the_known_share_but_not_the_accuracy_when_known() -> None:
    # Of the three tracks, 20 and 30 are right about labels 2 and 1 only in part: 10 is taken for label 1, 30 for 2.
    result = evaluate("holdout", SCORES, TRUTH, CLIP, TRACK, known={10: False, 20: True, 30: True})
    assert result.value("track", "known_share") == pytest.approx(2 / 3)
    assert result.value("track", "accuracy_when_known") == 0.5
    assert {m.name: m.count for m in result.metrics if "known" in m.name} == {
        "known_share": 3,
        "accuracy_when_known": 2,
    }
    assert result.value("track", "accuracy") == pytest.approx(1 / 3)
    with pytest.raises(KeyError):
        result.value("clip", "known_share")


def test_pooled_predictions_have_the_same_metrics_in_any_order() -> None:
    of_track = [track == TRACK for track in (30, 10, 20)]
    parts = [predictions_by_level(SCORES[own], TRUTH[own], CLIP[own], TRACK[own]) for own in of_track]
    together = evaluate_answers("holdout", pooled(parts))
    whole = evaluate("holdout", SCORES, TRUTH, CLIP, TRACK)
    assert figures_of(together) == pytest.approx(figures_of(whole))
    assert together.confusions == whole.confusions
    assert [predictions.item_id.tolist() for predictions in pooled(parts)][1:] == [[1, 2, 3, 4], [10, 20, 30]]
    twice = evaluate_answers("holdout", pooled(parts * 2))
    assert twice.value("track", "accuracy") == whole.value("track", "accuracy")


def test_where_nothing_is_known_there_is_no_accuracy_of_it() -> None:
    result = evaluate("holdout", SCORES, TRUTH, CLIP, TRACK, known=dict.fromkeys((10, 20, 30), False))
    assert result.value("track", "known_share") == 0.0
    with pytest.raises(KeyError):
        result.value("track", "accuracy_when_known")


def test_calibrated_probabilities_have_nearly_no_calibration_error() -> None:
    random = np.random.default_rng(2)
    scores = random.dirichlet([1.0, 1.0, 1.0], size=40_000)
    truth = (scores.cumsum(axis=1) < random.random((40_000, 1))).sum(axis=1)
    ids = np.arange(40_000)
    calibrated = evaluate("holdout", scores, truth, ids, ids, ids % 50, levels=["crop"])
    assert calibrated.value("crop", "ece") < 0.01
    sure = evaluate("holdout", scores, truth, ids, ids, ids % 50, Temperatures(crop=0.2), levels=["crop"])
    gap = calibrate(scores, 0.2).max(axis=1).mean() - sure.value("crop", "accuracy")
    assert sure.value("crop", "ece") == pytest.approx(gap, abs=0.01)  # too sure in every bin


@st.composite
def crops(draw: st.DrawFn) -> tuple[np.ndarray, ...]:
    """Probabilities, label, clip, track and group of some crops; a track has one label and one group."""
    labels, tracks, number = draw(st.integers(2, 5)), draw(st.integers(1, 6)), draw(st.integers(1, 30))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    track = random.integers(tracks, size=number)
    clip = track * 2 + random.integers(2, size=number)
    truth = random.integers(labels, size=tracks)[track]
    group = random.integers(3, size=tracks)[track]
    return random.dirichlet(np.full(labels, 0.5), size=number), truth, clip, track, group


def figures_of(result: Evaluation) -> dict[tuple[str, str, int | None, str], float | None]:
    return {
        (metric.level, metric.name, metric.label, end): getattr(metric, end)
        for metric in result.metrics
        for end in ("value", "ci_low", "ci_high")
    }


@settings(max_examples=25, deadline=None)
@given(crops())
def test_metrics_are_shares_and_losses_are_not_negative(some: tuple[np.ndarray, ...]) -> None:
    for (_, name, _, _), value in figures_of(evaluate("train", *some)).items():
        if value is not None:
            assert 0 <= value <= (np.inf if name == "log_loss" else 1 + 1e-12)


@settings(max_examples=25, deadline=None)
@given(crops(), st.randoms(use_true_random=False))
def test_the_order_of_the_crops_changes_nothing(some: tuple[np.ndarray, ...], random: Random) -> None:
    order = random.sample(range(len(some[0])), len(some[0]))
    mixed = evaluate("train", *(column[order] for column in some))
    straight = evaluate("train", *some)
    assert figures_of(mixed) == pytest.approx(figures_of(straight), abs=1e-9)
    assert mixed.confusions == straight.confusions


@settings(max_examples=25, deadline=None)
@given(crops())
def test_correct_predictions_have_the_best_metrics(some: tuple[np.ndarray, ...]) -> None:
    scores, truth, *ids = some
    result = evaluate("train", np.eye(scores.shape[1])[truth], truth, *ids)
    for metric in result.metrics:
        if metric.name != "majority":
            best = 0.0 if metric.name in ("ece", "log_loss") else 1.0
            assert metric.value == pytest.approx(best)
            assert metric.ci_low in (None, pytest.approx(best))
            assert metric.ci_high in (None, pytest.approx(best))
