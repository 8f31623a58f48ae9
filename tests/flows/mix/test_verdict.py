"""What a taste makes of a recording: words in the order of what they mean, and a sentence that says why."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.labels import Taste
from flows.mix.verdict import LISTEN, MAYBE, Verdict, variety, verdict
from ml.mixes.summary import MixSummary

NAMES = {"kompakt": "Kompakt", "drumcode": "Drumcode", "dirtybird": "Dirtybird"}
in_any_time = settings(deadline=None)  # of a machine that has other work

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
    """So many seconds of each label, and then of what is like none of them."""
    *labels, unlike = (one / sum(seconds) for one in seconds)
    return MixSummary(dict(zip(NAMES, labels, strict=True)), unlike, 0.0, 0.0, 0.0, None)


def rank(figures: MixSummary, taste: Taste) -> int:
    return RANK.index(verdict(figures, taste, NAMES).word)


@pytest.mark.parametrize(
    ("seconds", "taste", "word", "says"),
    [
        ((50, 50, 0, 0), {}, "listen", "50% Kompakt (weighs 1), 50% Drumcode (weighs 1)"),
        ((0, 0, 0, 9), {}, "skip", "100% like none of them (weighs 0.1)"),
        ((80, 20, 0, 0), {"labels": {"kompakt": -1}}, "skip", "80% Kompakt (weighs -1)"),
        (
            (60, 40, 0, 0),
            {"labels": {"drumcode": 0}, "variety": 0},
            "listen",
            "0.60 in all, where 0.6 is enough",
        ),
        ((59, 41, 0, 0), {"labels": {"drumcode": 0}, "variety": 0}, "maybe", "where 0.6 would be listen"),
        ((100, 0, 0, 0), {"variety": 1}, "maybe", "only 0.00 varied where 1 is wished for: 0.50 in all"),
        ((999, 1, 0, 0), {}, "listen", "100% Kompakt (weighs 1), and only 0.00 varied"),
    ],
)
def test_what_is_said_of_some(
    seconds: tuple[int, ...], taste: dict[str, object], word: str, says: str
) -> None:
    said = verdict(recording(*seconds), Taste(**taste), NAMES)
    assert said.word == word and says in said.reason
    assert said.reason.endswith(".") and "\n" not in said.reason


@in_any_time
@given(parts, tastes)
def test_it_is_one_of_three_words_with_a_sentence_that_fits(seconds: list[int], taste: Taste) -> None:
    said = verdict(recording(*seconds), taste, NAMES)
    assert isinstance(said, Verdict) and said.word in RANK
    assert said.reason.startswith("It is ") and said.reason.endswith(".")
    assert ("is enough" in said.reason) == (said.word == "listen")
    assert (f"{LISTEN:g} would be listen" in said.reason) == (said.word == "maybe")
    assert (f"{MAYBE:g} would be maybe" in said.reason) == (said.word == "skip")


@in_any_time
@given(parts, tastes, st.sampled_from(sorted(NAMES)), weights)
def test_who_likes_a_label_more_is_never_told_less(
    seconds: list[int], taste: Taste, label: str, weight: float
) -> None:
    other = taste.model_copy(update={"labels": {**taste.labels, label: weight}})
    least, most = sorted((taste, other), key=lambda one: one.labels.get(label, 1.0))
    assert rank(recording(*seconds), least) <= rank(recording(*seconds), most)


@in_any_time
@given(parts, tastes, st.floats(0, 1))
def test_who_wishes_for_more_variety_is_never_told_more(
    seconds: list[int], taste: Taste, wished: float
) -> None:
    other = taste.model_copy(update={"variety": wished})
    least, most = sorted((taste, other), key=lambda one: one.variety)
    assert rank(recording(*seconds), most) <= rank(recording(*seconds), least)


@in_any_time
@given(parts, st.floats(0, 1))
def test_who_likes_all_of_it_should_listen_and_who_likes_none_should_not(
    seconds: list[int], wished: float
) -> None:
    likes, dislikes = (
        Taste(labels=dict.fromkeys(NAMES, weight), unknown=weight, variety=wished) for weight in (1.0, -1.0)
    )
    assert rank(recording(*seconds), likes) >= RANK.index("maybe")
    assert rank(recording(*seconds), dislikes) == RANK.index("skip")


@in_any_time
@given(parts)
def test_variety_goes_from_one_label_to_many_alike(seconds: list[int]) -> None:
    shares = recording(*seconds).shares
    assert 0 <= variety(shares) < 1
    assert variety({"a": 0.3}) == variety({"a": 0.3, "b": 0.0}) == variety({"a": 0.0, "b": 0.0}) == 0
    assert variety({"a": 0.1, "b": 0.1, "c": 0.1, "d": 0.0}) == pytest.approx(2 / 3)
    assert variety(shares) == pytest.approx(variety({label: share / 2 for label, share in shares.items()}))
