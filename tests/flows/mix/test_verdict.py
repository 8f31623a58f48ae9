"""The verdict on a recording by a taste: higher weights give no worse verdict, and the reason fits it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.labels import Taste
from flows.mix.description import variety
from flows.mix.verdict import LISTEN, MAYBE, Verdict, verdict
from ml.mixes.summary import MixSummary

NAMES = {"kompakt": "Kompakt", "drumcode": "Drumcode", "dirtybird": "Dirtybird"}
# The machine may have other work.
in_any_time = settings(deadline=None)

RANK = ("skip", "maybe", "listen")

weights = st.floats(-1, 1)
tastes = st.builds(
    Taste,
    labels=st.dictionaries(st.sampled_from(sorted(NAMES)), weights),
    unknown=weights,
    variety=st.floats(0, 1),
)
parts = st.lists(st.integers(0, 1000), min_size=4, max_size=4).filter(any)


def recording(*seconds: int) -> MixSummary:
    """A mix with these seconds of each label, and of unknown last."""
    *labels, unknown = (part / sum(seconds) for part in seconds)
    return MixSummary(dict(zip(NAMES, labels, strict=True)), unknown, 0.0, 0.0, 0.0, None)


def rank(summary: MixSummary, taste: Taste) -> int:
    return RANK.index(verdict(summary, taste, NAMES).word)


@pytest.mark.parametrize(
    ("seconds", "taste", "word", "words"),
    [
        ((50, 50, 0, 0), {}, "listen", "more): 50% Kompakt (weight 1), 50% Drumcode (weight 1); variety"),
        ((0, 0, 0, 9), {}, "skip", ": 100% none of the labels (weight 0.1); variety"),
        ((80, 20, 0, 0), {"labels": {"kompakt": -1}}, "skip", "80% Kompakt (weight -1)"),
        (
            (60, 40, 0, 0),
            {"labels": {"drumcode": 0}, "variety": 0},
            "listen",
            "scores 0.60 (listen at 0.60 or more): 60% Kompakt (weight 1), 40% Drumcode (weight 0);"
            " variety 0.48 (wanted: 0).",
        ),
        ((59, 41, 0, 0), {"labels": {"drumcode": 0}, "variety": 0}, "maybe", "0.59 (listen at 0.60 or more)"),
        (
            (100, 0, 0, 0),
            {"variety": 1},
            "maybe",
            "scores 0.50 (listen at 0.60 or more): 100% Kompakt (weight 1); variety 0.00 (wanted: 1)",
        ),
        (
            (0, 0, 0, 9),
            {"variety": 0},
            "skip",
            "scores 0.10 (maybe at 0.30 or more): 100% none of the labels (weight 0.1); variety 0.00 (wanted: 0)",
        ),
        (
            (999, 1, 0, 0),
            {},
            "listen",
            "scores 0.88 (listen at 0.60 or more): 100% Kompakt (weight 1); variety",
        ),
    ],
)
def test_the_reason_has_shares_weights_score_and_variety(
    seconds: tuple[int, ...], taste: dict[str, object], word: str, words: str
) -> None:
    judged = verdict(recording(*seconds), Taste(**taste), NAMES)
    assert judged.word == word and words in judged.reason
    assert judged.reason.endswith(".") and "\n" not in judged.reason


@in_any_time
@given(parts, tastes)
def test_the_reason_names_the_threshold_that_fits_the_verdict(seconds: list[int], taste: Taste) -> None:
    judged = verdict(recording(*seconds), taste, NAMES)
    assert isinstance(judged, Verdict) and judged.word in RANK
    assert judged.reason.startswith("By your taste it scores ") and judged.reason.endswith(".")
    assert (f"listen at {LISTEN:.2f} or more" in judged.reason) == (judged.word in ("listen", "maybe"))
    assert (f"maybe at {MAYBE:.2f} or more" in judged.reason) == (judged.word == "skip")


@in_any_time
@given(parts, tastes, st.sampled_from(sorted(NAMES)), weights)
def test_a_higher_weight_of_a_label_gives_no_worse_verdict(
    seconds: list[int], taste: Taste, label: str, weight: float
) -> None:
    other = taste.model_copy(update={"labels": {**taste.labels, label: weight}})
    least, most = sorted((taste, other), key=lambda one: one.labels.get(label, 1.0))
    assert rank(recording(*seconds), least) <= rank(recording(*seconds), most)


@in_any_time
@given(parts, tastes, st.floats(0, 1))
def test_a_wish_for_more_variety_gives_no_better_verdict(
    seconds: list[int], taste: Taste, wished: float
) -> None:
    other = taste.model_copy(update={"variety": wished})
    least, most = sorted((taste, other), key=lambda one: one.variety)
    assert rank(recording(*seconds), most) <= rank(recording(*seconds), least)


@in_any_time
@given(parts, st.floats(0, 1))
def test_weights_of_1_give_at_least_maybe_and_weights_of_minus_1_give_skip(
    seconds: list[int], wished: float
) -> None:
    likes, dislikes = (
        Taste(labels=dict.fromkeys(NAMES, weight), unknown=weight, variety=wished) for weight in (1.0, -1.0)
    )
    assert rank(recording(*seconds), likes) >= RANK.index("maybe")
    assert rank(recording(*seconds), dislikes) == RANK.index("skip")


@in_any_time
@given(parts)
def test_variety_is_0_for_one_label_and_grows_with_equal_shares(seconds: list[int]) -> None:
    shares = recording(*seconds).shares
    assert 0 <= variety(shares) < 1
    assert variety({"a": 0.3}) == variety({"a": 0.3, "b": 0.0}) == variety({"a": 0.0, "b": 0.0}) == 0
    assert variety({"a": 0.1, "b": 0.1, "c": 0.1, "d": 0.0}) == pytest.approx(2 / 3)
    assert variety(shares) == pytest.approx(variety({label: share / 2 for label, share in shares.items()}))
