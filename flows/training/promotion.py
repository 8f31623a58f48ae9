"""Challenger against champion: which of two models is to be used."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Connection, Engine

from config.settings import Settings
from db import read, write
from flows.checks.requests import require_promotable
from flows.home.environment import model_folder, spectrogram_folder
from flows.training.training_set import TrainingSet
from ml.crossvalidation.contenders import network_answers
from ml.data.crops import load_crops
from ml.evaluation.paired_bootstrap import Comparison, compare
from ml.evaluation.predictions import Answers, tracks_of
from ml.features.spectrogram import Recipe
from ml.models.model_file import ModelFileError
from ml.models.scorer import load_model
from ml.models.train import TrainingFailed


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a challenger is to be used, why, and what the comparison gave where there was one."""

    promoted: bool
    reason: str
    comparison: Comparison | None = None


@task(name="judge", cache_policy=NO_CACHE)
def judge(
    engine: Engine,
    settings: Settings,
    challenger: Answers,
    training_set: TrainingSet,
    recipe: Recipe,
    config_id: int,
) -> Decision:
    """Compare what the challenger says of the held-out tracks with what the champion says of the same ones.

    Neither has learnt from them, since a track never changes sides. It is promoted if its balanced accuracy is higher
    in a set share of the resamples of a paired bootstrap over groups.
    """
    with engine.connect() as connection:
        champion = read.learning.champion(connection)
    if champion is None:
        return Decision(True, "No other model was in use.")
    slugs = [label["slug"] for label in champion.labels]
    if slugs != [label.slug for label in training_set.labels]:
        return Decision(
            True, f"The labels have changed since model {champion.model_id}, which knows {', '.join(slugs)}."
        )
    if champion.config_id != config_id:
        return Decision(True, f"The recipe of the spectrograms has changed since model {champion.model_id}.")
    try:
        scorer = load_model(model_folder(settings) / champion.path, champion.sha256)
    except ModelFileError as problem:
        return Decision(True, f"The champion, model {champion.model_id}, cannot be compared: {problem}")
    examples = training_set.examples(spectrogram_folder(settings, recipe.fingerprint()), "holdout")
    crops = load_crops(examples, crop_frames=scorer.card.crop_frames)
    if crops.unreadable:
        raise TrainingFailed(f"{crops.unreadable[0][1][:-1]}; then retrain.")
    current = tracks_of(network_answers(scorer, crops, training_set.group_of))
    _, mine, its = np.intersect1d(challenger.item_id, current.item_id, return_indices=True)
    found = compare(
        challenger.probabilities[mine],
        current.probabilities[its],
        current.true[its],
        current.group[its].tolist(),
    )
    decision = Decision(
        found.probability_better >= settings.promotion_probability,
        f"Balanced accuracy on {found.tracks} held-out tracks of {found.groups} groups: {found.challenger:.3f} against"
        f" {found.champion:.3f} of model {champion.model_id}, a difference of {found.difference:+.3f} (95 % interval"
        f" {found.low:+.3f} to {found.high:+.3f}); better in {found.probability_better:.1%} of the resamples,"
        f" and {settings.promotion_probability:.0%} are asked for.",
        found,
    )
    get_run_logger().info(decision.reason)
    return decision


def promote(
    connection: Connection, settings: Settings, model_id: int, allowed: Sequence[str], why: str
) -> None:
    """Put a model to use because a person says so; the champion is retired and kept.

    Raises PromotionRefused where there is no such model or it may not be used, and ModelFileError where its file is
    not what it was.
    """
    model = require_promotable(connection, model_id, allowed)
    load_model(model_folder(settings) / model.path, model.sha256)
    write.learning.promote(connection, model_id, why)
