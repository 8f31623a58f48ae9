"""Challenger against champion: which of two models is used from now on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Connection

from config.settings import Settings
from db import read, write
from db.read.learning import Champion
from flows.checks.requests import require_promotable
from flows.home.environment import model_folder
from flows.training_data.context import TrainingContext
from flows.training_data.training_set import TrainingSet
from ml.crossvalidation.contenders import network_predictions
from ml.data.crops import load_crops
from ml.evaluation.paired_bootstrap import Comparison, compare
from ml.evaluation.predictions import Predictions, tracks_of
from ml.models.model_file import ModelFileError
from ml.models.scorer import Scorer, load_model
from ml.models.train import TrainingFailed


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a challenger is promoted, why, and the comparison where there was one."""

    promoted: bool
    reason: str
    comparison: Comparison | None = None


@task(name="judge", task_run_name="comparison with the model in use", cache_policy=NO_CACHE)
def judge(context: TrainingContext, challenger: Predictions, training_set: TrainingSet) -> Decision:
    """Compare challenger and champion on the same held-out tracks. `challenger` is at track level.

    Neither was trained on these tracks, since the split of a track never changes. The challenger is promoted if its
    balanced accuracy is higher in a set share of the resamples of a paired bootstrap over groups. A champion that
    cannot be compared is replaced.
    """
    with context.engine.connect() as connection:
        champion = read.learning.champion(connection)
    if champion is None:
        return Decision(True, "No other model was in use.")
    if reason := _not_comparable(context, champion, training_set):
        return Decision(True, reason)
    try:
        scorer = load_model(model_folder(context.settings) / champion.path, champion.sha256)
    except ModelFileError as problem:
        return Decision(True, f"The champion, model {champion.model_id}, cannot be compared: {problem}")
    comparison = _compare(challenger, _score_holdout(context, scorer, training_set))
    decision = _decide(comparison, champion.model_id, context.settings.promotion_probability)
    get_run_logger().info(decision.reason)
    return decision


def _not_comparable(context: TrainingContext, champion: Champion, training_set: TrainingSet) -> str | None:
    """Why the challenger is promoted without a comparison; None where both have the same labels and input."""
    slugs = [label["slug"] for label in champion.labels]
    if slugs != training_set.slugs:
        return (
            f"The labels have changed since model {champion.model_id}, whose labels are {', '.join(slugs)}."
        )
    if champion.config_id != context.config_id:
        return f"The spectrogram configuration has changed since model {champion.model_id}."
    return None


def _score_holdout(context: TrainingContext, scorer: Scorer, training_set: TrainingSet) -> Predictions:
    """The champion's predictions for the held-out tracks. Raises TrainingFailed where a spectrogram is lost."""
    examples = training_set.examples(context.spectrograms, "holdout")
    crops = load_crops(examples, crop_frames=scorer.card.crop_frames)
    if crops.unreadable:
        raise TrainingFailed(f"{crops.unreadable[0][1][:-1]}; then retrain.")
    return tracks_of(network_predictions(scorer, crops, training_set.group_of))


def _compare(challenger: Predictions, champion: Predictions) -> Comparison:
    """Both on the tracks that both have scored."""
    _, in_challenger, in_champion = np.intersect1d(challenger.item_id, champion.item_id, return_indices=True)
    return compare(
        challenger.probabilities[in_challenger],
        champion.probabilities[in_champion],
        champion.true[in_champion],
        champion.group[in_champion].tolist(),
    )


def _decide(comparison: Comparison, champion_id: int, required: float) -> Decision:
    """Promote if the challenger is better in at least the `required` share of resamples."""
    better = comparison.probability_better
    reason = (
        f"Balanced accuracy on {comparison.tracks} held-out tracks of {comparison.groups} groups:"
        f" {comparison.challenger:.3f}, against {comparison.champion:.3f} of model {champion_id}; difference"
        f" {comparison.difference:+.3f} (95 % interval {comparison.low:+.3f} to {comparison.high:+.3f});"
        f" better in {better:.1%} of the resamples (required: {required:.0%})."
    )
    return Decision(better >= required, reason, comparison)


def promote(
    connection: Connection, settings: Settings, model_id: int, allowed: Sequence[str], why: str
) -> None:
    """Promote a model on request; the champion is retired and kept.

    Raises PromotionRefused where there is no such model or it may not be used, and ModelFileError where its file was
    changed.
    """
    model = require_promotable(connection, model_id, allowed)
    load_model(model_folder(settings) / model.path, model.sha256)
    write.learning.promote(connection, model_id, why)
