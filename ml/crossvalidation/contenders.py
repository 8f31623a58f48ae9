"""Predictions of the two methods that are compared on the same clips: the network and the baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.data.crops import Crops, Example, load_clip
from ml.evaluation.calibration import Temperatures, fit_temperatures
from ml.evaluation.predictions import Predictions, predictions_by_level
from ml.models.baseline import MOST_CLIPS, Baseline, clip_features, train_baseline
from ml.models.scorer import Scorer

CLIP_LEVELS: Final = ("clip", "track")  # the baseline has no crops

Features = Mapping[int, NDArray[np.float32]]  # (65,) by clip id


def network_predictions(scorer: Scorer, crops: Crops, group_of: Mapping[int, str]) -> tuple[Predictions, ...]:
    """Calibrated predictions of a network for crops, clips and tracks; `group_of` is the group of each track id."""
    return predictions_by_level(
        scorer.score_crops(crops),
        crops.label,
        crops.clip_id,
        crops.track_id,
        group=[group_of[track] for track in crops.track_id.tolist()],
        temperatures=scorer.card.calibration.temperatures,
    )


def features_of(examples: Sequence[Example]) -> dict[int, NDArray[np.float32]]:
    """The baseline's features of each clip, by its id: float32 (65,). About 3 ms a clip.

    Raises ml.data.crops.SpectrogramError where a file is missing or has changed.
    """
    return {example.clip_id: clip_features(load_clip(example)) for example in examples}


def fit_baseline(
    train: Sequence[Example],
    validation: Sequence[Example],
    features: Features,
    labels: Sequence[str],
    spectrogram_config: Mapping[str, Any],
    *,
    seed: int,
    most_clips: int = MOST_CLIPS,
) -> Baseline:
    """A baseline trained on `train`, with temperatures by `validation` in its card."""
    clips, label, *_ = _columns(train, features)
    machine = train_baseline(clips, label, len(labels), seed, most_clips)
    temperatures = Temperatures()
    if validation:
        clips, *ids = _columns(validation, features)
        temperatures = fit_temperatures(machine.probabilities(clips), *ids)
    # "recipe" is a key of stored files: it must never change.
    card = {
        "labels": list(labels),
        "recipe": dict(spectrogram_config),
        "temperatures": asdict(temperatures),
    }
    return Baseline(machine.pipeline, card)


def baseline_predictions(
    baseline: Baseline, examples: Sequence[Example], features: Features, group_of: Mapping[int, str]
) -> tuple[Predictions, ...]:
    """Calibrated predictions of a baseline for clips and tracks; `group_of` is the group of each track id."""
    if not examples:
        return ()
    clips, label, clip_id, track_id = _columns(examples, features)
    return predictions_by_level(
        baseline.probabilities(clips),
        label,
        clip_id,
        track_id,
        group=[group_of[track] for track in track_id.tolist()],
        temperatures=Temperatures(**baseline.card["temperatures"]),
        levels=CLIP_LEVELS,
    )


def _columns(examples: Sequence[Example], features: Features) -> tuple[NDArray[Any], ...]:
    """Features (clips, 65); label, clip id and track id (clips,)."""
    ids = np.array([(example.label, example.clip_id, example.track_id) for example in examples])
    return np.stack([features[example.clip_id] for example in examples]), *ids.T
