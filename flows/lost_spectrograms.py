"""Spectrogram files that are gone or damaged: their clips are extracted anew by the next run."""

from collections.abc import Sequence

from prefect import get_run_logger
from sqlalchemy import Engine

from db.store.sound import forget_spectrograms


def send_back(engine: Engine, unreadable: Sequence[tuple[int, str]], recipe_id: int) -> None:
    """Let clips wait for extraction again; `unreadable` are ids of clips, each with a sentence for the log."""
    for _, sentence in unreadable:
        get_run_logger().warning(sentence)
    if unreadable:
        with engine.begin() as connection:
            forget_spectrograms(connection, [clip_id for clip_id, _ in unreadable], recipe_id)
