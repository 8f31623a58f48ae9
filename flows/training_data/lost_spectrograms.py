"""Lost or damaged spectrogram files: their clips are left out of the training and extracted again by the next run."""

from collections.abc import Sequence
from dataclasses import replace

from prefect import get_run_logger
from sqlalchemy import Engine

from db.write.clips import forget_spectrograms
from flows.training_data.context import TrainingContext
from flows.training_data.training_set import TrainingSet, read_training_set
from ml.data.crops import load_crops


def read_verified_training_set(context: TrainingContext) -> TrainingSet:
    """The training set of now, with only clips whose spectrogram can be read. Reads every spectrogram file.

    A remark counts the clips that are left out.
    """
    training_set = _read(context)
    lost = load_crops(training_set.examples(context.spectrograms)).unreadable
    if not lost:
        return training_set
    send_back(context.engine, lost, context.config_id)
    rest = _read(context)
    remark = (
        f"{len(lost)} clips are left out, since their spectrograms cannot be read: extract, then retrain."
    )
    refusal = f"{remark} {rest.refusal}" if rest.refusal else None
    return replace(rest, remarks=(remark, *rest.remarks), refusal=refusal)


def _read(context: TrainingContext) -> TrainingSet:
    with context.engine.connect() as connection:
        return read_training_set(connection, context.config_id, context.config, context.allowed)


def send_back(engine: Engine, unreadable: Sequence[tuple[int, str]], config_id: int) -> None:
    """Queue clips for extraction again; `unreadable` has the id of each clip, and a sentence for the log."""
    for _, sentence in unreadable:
        get_run_logger().warning(sentence)
    if unreadable:
        with engine.begin() as connection:
            forget_spectrograms(connection, [clip_id for clip_id, _ in unreadable], config_id)
