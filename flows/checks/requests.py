"""Checks of a request by the database and by files, before anything slow is started for it.

This module imports neither Prefect nor Keras.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from common.errors import LabelscopeError
from config.labels import Taste, read_labels
from config.settings import Settings
from config.taste import taste_of
from db import read
from db.read.learning import Champion, StoredModel
from flows.checks.no_champion import NoModelError


class PromotionRefused(LabelscopeError):  # noqa: N818  (an outcome, rather than a bug)
    """The model cannot be promoted. The message has the reason and the cure."""


class NothingToLearnError(LabelscopeError):
    """There are too few usable tracks for a training. The message has what is missing and the cure."""


def require_champion(connection: Connection) -> Champion:
    """The row of the model in use. Raises NoModelError where none is."""
    champion = read.learning.champion(connection)
    if champion is None:
        raise NoModelError
    return champion


def require_promotable(connection: Connection, model_id: int, allowed: Sequence[str]) -> StoredModel:
    """The row of a model that may be promoted; its file is not checked. Raises PromotionRefused."""
    model = read.learning.model(connection, model_id) if model_id < 2**63 else None
    if model is None or model.status == "baseline":
        raise PromotionRefused(
            f"There is no model {model_id} that can be promoted: see `labelscope models` for the list."
        )
    if model.status == "champion":
        raise PromotionRefused(f"Model {model_id} is in use already.")
    if foreign := sorted(set(model.origins) - set(allowed)):
        raise PromotionRefused(
            f"Model {model_id} was trained on {', '.join(foreign)}, which training.allow in labels.toml does not list:"
            " add it there if its terms allow, or choose another model."
        )
    return model


def require_something_to_learn(connection: Connection, settings: Settings) -> None:
    """Raises NothingToLearnError where fewer than two labels have a clip that is ready.

    The flow itself has further checks, which are slower. Also raises ConfigurationError and HyperparameterError.
    """
    read_labels(settings.labels)
    statement = (
        "SELECT count(DISTINCT label_id) FROM track_states_now"
        " WHERE label_id IS NOT NULL AND tracks > 0 AND clips_ready > 0"
    )
    labels = int(connection.scalar(text(statement)) or 0)
    if labels < 2:
        present = "there is none yet" if labels == 0 else "there is one"
        raise NothingToLearnError(
            f"Training needs two labels with clips that are ready, and {present}:"
            " run `labelscope ingest` and `labelscope extract`."
        )
    require_hyperparameters(settings)


def require_hyperparameters(settings: Settings) -> None:
    """Raises HyperparameterError where the training settings are invalid."""
    # It imports SciPy, which other checks do not need.
    from ml.data.hyperparameters import choose

    choose(settings.architecture, settings.random_seed, settings.hyperparameters)


def require_taste(connection: Connection, settings: Settings) -> Taste | None:
    """The taste of labels.toml, or None. Raises ConfigurationError for an invalid file, or taste in it."""
    labels = [(label.slug, label.name) for label in read.learning.labels(connection)]
    return taste_of(read_labels(settings.labels), settings.labels, labels)


def has_clips(connection: Connection) -> bool:
    """Whether the database has any clip."""
    return bool(connection.scalar(text("SELECT EXISTS (SELECT FROM clips)")))
