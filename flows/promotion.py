"""Challenger against champion: which of two models is to be used."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Engine

from config.settings import Settings
from db import queries
from db.store import learning as store
from flows.evaluation import evaluate_side
from flows.home import model_folder, spectrogram_folder
from flows.training_set import TrainingSet
from ml.dataset import load_crops
from ml.model import ModelFileError
from ml.predict import load_model
from ml.spectrogram import Recipe

LEVEL, FIGURE = "track", "balanced_accuracy"


@task(name="promote or reject", cache_policy=NO_CACHE)
def decide(
    engine: Engine,
    settings: Settings,
    model_id: int,
    training_set: TrainingSet,
    recipe: Recipe,
    recipe_id: int,
) -> tuple[bool, str]:
    """Promote the new model if it is at least as good as the champion on the same held-out tracks.

    The champion never trained on those, since a track never changes sides. Returns whether it was promoted, and why.
    """
    with engine.connect() as connection:
        champion = queries.champion(connection)
        challenger = queries.metric(connection, model_id, "holdout", LEVEL, FIGURE)
    better, reason = True, "It is the first model."
    if champion is not None:
        slugs = [label["slug"] for label in champion.labels]
        if slugs != [label.slug for label in training_set.labels]:
            reason = (
                f"The labels have changed since model {champion.model_id}, which knows {', '.join(slugs)}."
            )
        elif champion.recipe_id != recipe_id:
            reason = f"The recipe of the spectrograms has changed since model {champion.model_id}."
        else:
            try:
                scorer = load_model(model_folder(settings) / champion.path, champion.sha256)
            except ModelFileError as problem:
                reason = f"The champion, model {champion.model_id}, cannot be compared: {problem}"
            else:
                crops = load_crops(
                    training_set.examples("holdout", spectrogram_folder(settings, recipe.fingerprint()))
                )
                current = evaluate_side(scorer, "holdout", crops, training_set).value(LEVEL, FIGURE)
                assert challenger is not None
                better = challenger >= current
                comparison = f"{challenger:.3f} against {current:.3f} of model {champion.model_id}"
                reason = f"Balanced accuracy on held-out tracks: {comparison}."
    with engine.begin() as connection:
        (store.promote if better else store.reject)(connection, model_id, reason)
    get_run_logger().info("Model %d is %s: %s", model_id, "champion" if better else "rejected", reason)
    return better, reason
