import numpy as np
import pytest
from sklearn import metrics

from ml.evaluate import Confusion, evaluate

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
    share = right.mean()  # 30 independent answers: the binomial interval is the yardstick
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
