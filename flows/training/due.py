"""Whether a training is due, and why. It takes a few queries and reads no file."""

from sqlalchemy import Connection

from db import read
from db.read.splits import trainable_labels
from flows.training_data.context import TrainingContext
from flows.training_data.training_set import read_training_set


def reason_to_train(connection: Connection, context: TrainingContext) -> str | None:
    """Why a training is due, or None. New tracks must have their split.

    The comparison is with the last training that completed or was refused, whether its model was promoted or not: its
    data are no reason for another one. Most calls sum up a few track states; after a refusal all clips are read.
    """
    last = read.learning.last_training(connection)
    settings, config_id = context.settings, context.config_id
    if last is None:
        return "the first training"
    if last.status == "refused":
        current = read_training_set(connection, config_id, context.config, context.allowed)
        changed = last.dataset_fingerprint != current.fingerprint
        return "the tracks have changed since a training was refused" if changed else None
    if read.learning.champion(connection) is None:
        return "no model is in use"
    if last.config_id != config_id:
        return "the spectrogram configuration has changed"
    if last.architecture != settings.architecture:
        return f"the architecture has changed from {last.architecture} to {settings.architecture}"
    if [label["id"] for label in last.labels] != trainable_labels(connection, config_id, context.allowed):
        return "the set of labels has changed"
    new, trained_on = read.learning.count_new_tracks(connection, config_id, last.id, context.allowed)
    if new >= settings.retrain_new_tracks and new >= settings.retrain_new_share * trained_on:
        return f"{new} new tracks, beside {trained_on} in the last training"
    return None
