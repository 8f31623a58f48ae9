"""Whether a training is due, and why: one look at the tables, before any file is read."""

from collections.abc import Sequence

from sqlalchemy import Connection

from config.settings import Settings
from db import read
from db.read.splits import trainable_labels
from flows.training.training_set import read_training_set
from ml.features.spectrogram import Recipe


def reason_to_train(
    connection: Connection, config_id: int, recipe: Recipe, settings: Settings, allowed: Sequence[str]
) -> str | None:
    """Why a training is due, or None. New tracks must have been placed before.

    It compares with the last training that came to a verdict, whose model was promoted or not: what that one has seen
    is no reason for another. Mostly a few sums over the standings of tracks; a crate that was refused is looked
    at again in full.
    """
    last = read.learning.last_training(connection)
    if last is None:
        return "the first training"
    if last.status == "refused":
        now = read_training_set(connection, config_id, recipe, allowed)
        changed = last.dataset_fingerprint != now.fingerprint
        return "the tracks have changed since a training was refused" if changed else None
    if read.learning.champion(connection) is None:
        return "no model is in use"
    if last.config_id != config_id:
        return "the recipe of the spectrograms has changed"
    if last.architecture != settings.architecture:
        return f"the architecture has changed from {last.architecture} to {settings.architecture}"
    if [label["id"] for label in last.labels] != trainable_labels(connection, config_id, allowed):
        return "the set of labels has changed"
    new, seen = read.learning.count_new_tracks(connection, config_id, last.id, allowed)
    if new >= settings.retrain_new_tracks and new >= settings.retrain_new_share * seen:
        return f"{new} new tracks beside the {seen} known"
    return None
