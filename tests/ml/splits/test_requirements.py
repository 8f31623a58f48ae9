from collections import Counter
from dataclasses import replace

import pytest

from ml.splits.assign import SplitAssignment, TrackInfo, assign_splits
from ml.splits.requirements import TrainingRefused, require_two_testable_labels, untested_labels
from tests.ml.tracks import made_tracks


def facts(tracks: list[TrackInfo], assignments: dict[int, SplitAssignment]) -> list[tuple[str, str, str]]:
    return [
        (str(track.label), assignments[track.track_id].split, assignments[track.track_id].group)
        for track in tracks
    ]


def test_two_groups_are_trained_and_tested_one_is_only_trained_on() -> None:
    tracks = made_tracks(2, 3) + made_tracks(3, 3, "b", first=100) + made_tracks(1, 3, "c", first=200)
    tracks = [replace(track, album=track.artists[0]) for track in tracks]
    assigned = assign_splits(tracks).by_track
    rows = facts(tracks, assigned)
    splits = {label: Counter(split for other, split, _ in rows if other == label) for label in ("a", "c")}
    assert splits == {"a": {"train": 3, "holdout": 3}, "c": {"train": 3}}
    untested = untested_labels(rows)
    assert list(untested) == ["c"]
    assert "Label 'c'" in untested["c"] and "held out" in untested["c"]


def test_a_label_that_is_only_held_out_is_left_out() -> None:
    rows = [("a", "train", "1"), ("a", "holdout", "2"), ("b", "holdout", "3"), ("b", "validation", "4")]
    assert list(untested_labels(rows)) == ["b"]
    assert "none of its 2 group(s)" in untested_labels(rows)["b"]
    with pytest.raises(TrainingRefused, match="1 of 2 labels has them"):
        require_two_testable_labels(rows)


def test_a_refusal_counts_labels_in_whole_words() -> None:
    with pytest.raises(TrainingRefused, match="each, and there is no label yet: add"):
        require_two_testable_labels([])
    with pytest.raises(TrainingRefused, match="each, and 0 of 1 label has them: add"):
        require_two_testable_labels([("a", "train", "1")])
    with pytest.raises(TrainingRefused, match="each, and 0 of 2 labels have them: add"):
        require_two_testable_labels([("a", "train", "1"), ("b", "train", "2")])


@pytest.mark.parametrize("groups", [(), (1,), (8,), (8, 1), (1, 1, 1)])
def test_too_little_to_split_is_refused(groups: tuple[int, ...]) -> None:
    tracks = [
        replace(track, album=track.artists[0])
        for number, artists in enumerate(groups)
        for track in made_tracks(artists, 2, f"label {number}", first=100 * number)
    ]
    with pytest.raises(TrainingRefused, match="two labels with two separate artists or albums"):
        require_two_testable_labels(facts(tracks, assign_splits(tracks).by_track))


def test_two_labels_of_two_groups_are_enough() -> None:
    tracks = [replace(track, album="one") for track in made_tracks(2, 2) + made_tracks(2, 2, "b", first=100)]
    rows = facts(tracks, assign_splits(tracks).by_track)
    require_two_testable_labels(rows)
    assert untested_labels(rows) == {}
