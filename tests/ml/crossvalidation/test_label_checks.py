"""Wrong labels are found by models that were not trained on the track, and no fold shares a group."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.crossvalidation.contenders import Features, fit_baseline
from ml.crossvalidation.label_checks import LabelCheck, check_labels
from ml.data.crops import Example

LABELS = ("techno", "house")


def clips(tracks: int) -> tuple[list[Example], Features]:
    """Two clips a track of alternating labels, and features that tell the labels apart."""
    random = np.random.default_rng(1)
    examples = [
        Example(track, 2 * track + clip, track % 2, Path("none.npy"), 300)
        for track in range(tracks)
        for clip in range(2)
    ]
    return examples, {
        example.clip_id: random.normal(loc=4 * example.label, size=6).astype(np.float32)
        for example in examples
    }


def checked(examples: list[Example], features: Features, group_of: dict[int, str]) -> dict[int, LabelCheck]:
    baseline = fit_baseline(examples, [], features, LABELS, {}, seed=1)
    checks = check_labels(examples, features, baseline, group_of)
    assert len({check.track_id for check in checks}) == len(checks)
    return {check.track_id: check for check in checks}


def test_two_swapped_labels_of_sixty_are_found_and_no_other() -> None:
    examples, features = clips(60)
    swapped = [
        replace(example, label=1 - example.label) if example.track_id in (7, 32) else example
        for example in examples
    ]
    checks = checked(swapped, features, {track: f"artist {track // 3}" for track in range(60)})
    assert len(checks) == 60
    assert [track for track, check in sorted(checks.items()) if check.predicted != check.label] == [7, 32]
    assert checks[7].confidence + checks[7].label_probability == pytest.approx(1)


def test_a_track_is_never_checked_by_a_model_that_learnt_its_group() -> None:
    examples, features = clips(40)
    # The recordings of one group are copies of each other, with a label that nothing else of their sound has.
    copies = dict.fromkeys((1, 11, 21), features[0])
    for example in examples:
        if example.track_id in copies:
            features = {**features, example.clip_id: copies[example.track_id]}
    group_of = {track: "copies" if track in copies else f"artist {track}" for track in range(40)}
    checks = checked(examples, features, group_of)
    assert {checks[track].predicted for track in copies} == {0}


def test_a_label_with_one_group_is_not_checked() -> None:
    examples, features = clips(20)
    group_of = {track: f"artist {track}" if track % 2 else "the only one" for track in range(20)}
    checks = checked(examples, features, group_of)
    assert all(track % 2 for track in checks)
    assert checks
