"""What a request needs, asked of the database and of files alone, before anything that takes long is started for it.

This module imports neither Prefect nor Keras.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from common.errors import LabelscopeError
from config.labels import read_labels
from config.settings import Settings
from config.taste import taste_of
from db import read
from flows.checks.no_champion import NoModelError


class PromotionRefused(LabelscopeError):  # noqa: N818  (an outcome, rather than a bug)
    """The model cannot be put to use; the message says why and what helps."""


class NothingToLearnError(LabelscopeError):
    """There is too little to learn from; the message says what is missing and what helps."""


def require_champion(connection: Connection) -> Any:
    """The row of the model in use. Raises NoModelError where none is."""
    champion = read.learning.champion(connection)
    if champion is None:
        raise NoModelError
    return champion


def require_promotable(connection: Connection, model_id: int, allowed: Sequence[str]) -> Any:
    """The row of a model that may be put to use, whatever its file. Raises PromotionRefused."""
    model = read.learning.model(connection, model_id) if model_id < 2**63 else None
    if model is None or model.status == "baseline":
        raise PromotionRefused(
            f"There is no model {model_id} that could be used: see `labelscope models` for those there are."
        )
    if model.status == "champion":
        raise PromotionRefused(f"Model {model_id} is in use already.")
    if foreign := sorted(set(model.origins) - set(allowed)):
        raise PromotionRefused(
            f"Model {model_id} learnt from {', '.join(foreign)}, which training.allow in labels.toml does not list:"
            " add it there if its terms allow, or choose another model."
        )
    return model


def require_something_to_learn(connection: Connection, settings: Settings) -> None:
    """Raises NothingToLearnError where fewer than two labels have a clip that is ready.

    What the flow looks at beyond that takes longer. Raises ConfigurationError and HyperparameterError, too.
    """
    read_labels(settings.labels)
    statement = (
        "SELECT count(DISTINCT label_id) FROM track_states_now"
        " WHERE label_id IS NOT NULL AND tracks > 0 AND clips_ready > 0"
    )
    labels = int(connection.scalar(text(statement)) or 0)
    if labels < 2:
        there = "there is none yet" if labels == 0 else "there is one"
        raise NothingToLearnError(
            f"Training needs two labels with clips that are ready, and {there}:"
            " `labelscope ingest` and `labelscope extract` bring them in."
        )
    require_hyperparameters(settings)


def require_hyperparameters(settings: Settings) -> None:
    """Raises HyperparameterError where the settings of a training cannot be followed."""
    from ml.data.hyperparameters import choose  # not above: it brings SciPy along

    choose(settings.architecture, settings.random_seed, settings.hyperparameters)


def require_taste(connection: Connection, settings: Settings) -> None:
    """Raises ConfigurationError where labels.toml, or the taste in it, cannot be followed."""
    labels = [(label.slug, label.name) for label in read.learning.labels(connection)]
    taste_of(read_labels(settings.labels), settings.labels, labels)


def has_clips(connection: Connection) -> bool:
    """Whether there is any clip."""
    return bool(connection.scalar(text("SELECT EXISTS (SELECT FROM clips)")))
