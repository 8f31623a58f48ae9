"""Spectrogram files that are gone or damaged: their clips are left out, and extracted anew by the next run."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from prefect import get_run_logger
from sqlalchemy import Engine

from db.write.clips import forget_spectrograms
from flows.training.training_set import TrainingSet, read_training_set
from ml.data.crops import load_crops
from ml.features.spectrogram import Recipe


def read_sound_training_set(
    engine: Engine, folder: Path, recipe: Recipe, config_id: int, allowed: Sequence[str]
) -> TrainingSet:
    """What can be learnt from now, every spectrogram below `folder` looked at: what a training says that it learnt from
    must be what it did.
    """

    def read() -> TrainingSet:
        with engine.connect() as connection:
            return read_training_set(connection, config_id, recipe, allowed)

    training_set = read()
    lost = load_crops(training_set.examples(folder)).unreadable
    if not lost:
        return training_set
    send_back(engine, lost, config_id)
    rest = read()
    remark = (
        f"{len(lost)} clips are left out, since their spectrograms cannot be read: extract, then retrain."
    )
    return replace(
        rest, remarks=(remark, *rest.remarks), refusal=f"{remark} {rest.refusal}" if rest.refusal else None
    )


def send_back(engine: Engine, unreadable: Sequence[tuple[int, str]], config_id: int) -> None:
    """Let clips wait for extraction again; `unreadable` are ids of clips, each with a sentence for the log."""
    for _, sentence in unreadable:
        get_run_logger().warning(sentence)
    if unreadable:
        with engine.begin() as connection:
            forget_spectrograms(connection, [clip_id for clip_id, _ in unreadable], config_id)
