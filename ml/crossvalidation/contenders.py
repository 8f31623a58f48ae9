"""The two that are compared on the same clips: what a network says of some clips, and what the baseline says."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.data.crops import Crops, Example, load_clip
from ml.evaluation.calibration import Temperatures, fit_temperatures
from ml.evaluation.predictions import Predictions, predictions_by_level
from ml.models.baseline import Baseline, clip_features, train_baseline
from ml.models.scorer import Scorer

CLIP_LEVELS: Final = ("clip", "track")  # the baseline knows no crops

Features = Mapping[int, NDArray[np.float32]]  # by clip id


def network_predictions(scorer: Scorer, crops: Crops, group_of: Mapping[int, str]) -> tuple[Predictions, ...]:
    """What a network says of crops, clips and tracks, calibrated; `group_of` is the group of each track."""
    return predictions_by_level(
        scorer.score_crops(crops),
        crops.label,
        crops.clip_id,
        crops.track_id,
        [group_of[track] for track in crops.track_id.tolist()],
        scorer.card.calibration.temperatures,
    )


def features_of(examples: Sequence[Example]) -> dict[int, NDArray[np.float32]]:
    """What the baseline knows of each clip, by its id: float32 (65,). About 3 ms a clip.

    Raises ml.data.crops.SpectrogramError where a file is not there, or not what it was.
    """
    return {example.clip_id: clip_features(load_clip(example)) for example in examples}


def fit_baseline(
    train: Sequence[Example],
    validation: Sequence[Example],
    features: Features,
    labels: Sequence[str],
    recipe: Mapping[str, Any],
    seed: int,
) -> Baseline:
    """A baseline that learnt from the one and whose temperatures are those of the other; they stand in its card."""
    found, label, *_ = _columns(train, features)
    machine = train_baseline(found, label, len(labels), seed)
    temperatures = Temperatures()
    if validation:
        found, *ids = _columns(validation, features)
        temperatures = fit_temperatures(machine.probabilities(found), *ids)
    card = {"labels": list(labels), "recipe": dict(recipe), "temperatures": asdict(temperatures)}
    return Baseline(machine.pipeline, card)


def baseline_predictions(
    baseline: Baseline, examples: Sequence[Example], features: Features, group_of: Mapping[int, str]
) -> tuple[Predictions, ...]:
    """What a baseline says of clips and tracks, calibrated."""
    if not examples:
        return ()
    found, label, clip_id, track_id = _columns(examples, features)
    return predictions_by_level(
        baseline.probabilities(found),
        label,
        clip_id,
        track_id,
        [group_of[track] for track in track_id.tolist()],
        Temperatures(**baseline.card["temperatures"]),
        CLIP_LEVELS,
    )


def _columns(examples: Sequence[Example], features: Features) -> tuple[NDArray[Any], ...]:
    """Features (clips, 65); label, clip id and track id (clips,)."""
    ids = np.array([(example.label, example.clip_id, example.track_id) for example in examples])
    return np.stack([features[example.clip_id] for example in examples]), *ids.T
