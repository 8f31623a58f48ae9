"""Let the champion say what each track sounds like."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Engine

from config.labels import read_labels
from config.settings import Settings
from db import read
from db.engine import Lock, share_lock
from db.write.clips import forget_spectrograms
from db.write.embeddings import complete_embeddings, save_embeddings
from db.write.learning import save_predictions
from flows.batch import worker_resources
from flows.batch.batches import batches
from flows.batch.settle_track_states import settle
from flows.batch.task_runners import worked_through
from flows.home.environment import model_folder, open_database, spectrogram_folder
from flows.predict.artifacts import leave_map, leave_predictions
from flows.prefect_tools.progress import progress_bar
from flows.scoring.model_cache import loaded_model, scoring
from ml.features.spectrogram import Recipe, load_whole_spectrogram

if TYPE_CHECKING:
    from ml.models.scorer import Scorer


@dataclass(frozen=True, slots=True)
class Predicted:
    """How many tracks and clips were scored, by which model (None: there is no champion yet), and how long it took."""

    tracks: int = 0
    model_id: int | None = None
    clips: int = 0
    seconds: float = 0.0
    heard_again: int = 0  # tracks that it had scored before, and that had no embedding


@flow(name="predict")
def predict() -> Predicted:
    """Score every track with usable audio that the champion has not scored yet.

    - **reads** the champion's file and the tracks' spectrograms.
    - **writes** a prediction for each track, the mean over its clips, with one probability a label, and no label where
      the model is less sure than it was of nearly all tracks that it was tuned on; and an embedding, by which its
      neighbours are found. Without a champion there is nothing to do. Audio from origins that training.allow does not
      list goes into no model, so it is not scored.
    - Tracks that it has scored without leaving an embedding are heard again. Once all have one, those of the model
      before go, and a map of the crate is left.
    """
    settings = Settings()
    allowed = read_labels(settings.labels).training.allow
    with open_database(settings) as engine:
        with engine.connect() as connection:
            champion = read.learning.champion(connection)
        if champion is None:
            return Predicted()
        settle(engine)
        with engine.connect() as connection:
            model = (champion.model_id, champion.config_id, allowed)
            unscored = read.learning.tracks_to_predict(connection, *model)
            complete = not read.embeddings.is_there(connection) or read.embeddings.is_complete(
                connection, champion.model_id
            )
            again = [] if complete else read.embeddings.tracks_without_embedding(connection, *model)
        predicted = Predicted(model_id=champion.model_id)
        if unscored or again:
            predicted = _score(engine, settings, champion, allowed, [*unscored, *again])
        if not complete:
            with engine.begin() as connection:
                completed = complete_embeddings(connection, champion.model_id, allowed)
            if completed:
                leave_map(engine)
    return replace(predicted, heard_again=len(again))


def _score(
    engine: Engine, settings: Settings, champion: Any, allowed: Sequence[str], waiting: Sequence[int]
) -> Predicted:
    loaded_model(model_folder(settings) / champion.path, champion.sha256)  # a damaged one is refused here
    work = TrackWork(
        champion.model_id,
        champion.path,
        champion.sha256,
        champion.config_id,
        tuple(label["id"] for label in champion.labels),
        tuple(allowed),
    )
    tracks = clips = 0
    began = time.perf_counter()
    with (
        worked_through(predict_batch, work, batches(waiting, settings.prediction_batch), settings) as results,
        worker_resources.DATABASE.lent(engine),
        progress_bar("Predicting tracks", len(waiting)) as advance,
    ):
        for track_ids, (written, heard) in results:
            tracks, clips = tracks + written, clips + heard
            advance(len(track_ids))
    settle(engine)
    seconds = time.perf_counter() - began
    get_run_logger().info("%d clips in %.1f s: %.0f a second.", clips, seconds, clips / seconds)
    with engine.connect() as connection:
        scored = f"Model {champion.model_id} scored {tracks} tracks by {clips} clips in {seconds:.1f} s."
        leave_predictions(connection, [scored])
    return Predicted(tracks, champion.model_id, clips, seconds)


@dataclass(frozen=True, slots=True)
class TrackWork:
    """What each batch needs beside the ids of its tracks, and can take along wherever it runs."""

    model_id: int
    path: str  # of the model's file, relative to the folder of models
    sha256: str
    config_id: int
    label_ids: tuple[int, ...]  # in the order of the model's scores
    allowed: tuple[str, ...]  # origins of audio that may be scored


@task(task_run_name="tracks from {ids[0]} on", cache_policy=NO_CACHE)
def predict_batch(work: TrackWork, ids: list[int]) -> tuple[int, int]:
    """Score some tracks and write predictions and embeddings in one transaction; returns how many tracks, and clips
    heard. What the model has said before of a track stands.
    """
    settings, engine = Settings(), worker_resources.DATABASE.here()
    with (
        share_lock(engine, Lock.CONTENT),  # nobody removes these tracks meanwhile
        scoring(model_folder(settings) / work.path, work.sha256) as scorer,
    ):
        return _predict(engine, settings, work, scorer, ids)


def _predict(
    engine: Engine, settings: Settings, work: TrackWork, scorer: "Scorer", ids: list[int]
) -> tuple[int, int]:
    from ml.models.embedding import of_track  # Keras takes seconds, and most runs have nothing to score

    recipe = Recipe.from_dict(scorer.recipe)
    folder, bands = spectrogram_folder(settings, recipe.fingerprint()), recipe.n_mels
    with engine.connect() as connection:
        rows = read.clips.spectrograms_of(connection, ids, work.config_id, work.allowed)
    readable: list[Any] = []
    lost: list[Any] = []

    def spectrograms() -> Iterator[NDArray[np.float16]]:
        """One at a time, since each open map holds a file descriptor."""
        for row in rows:
            try:
                spectrogram = load_whole_spectrogram(folder / row.path, row.frames, bands)
            except (OSError, ValueError) as problem:
                get_run_logger().warning("Clip %d waits to be extracted again: %s", row.clip_id, problem)
                lost.append(row)
            else:
                readable.append(row)
                yield spectrogram

    heard = scorer.hear_many(spectrograms())
    incomplete = {row.track_id for row in lost}  # these are scored once all their clips are there again
    scored = [
        (row.track_id, of_clip)
        for row, of_clip in zip(readable, heard, strict=True)
        if row.track_id not in incomplete
    ]
    predictions = []
    embeddings = {}
    for track_id, pairs in groupby(scored, key=lambda pair: pair[0]):
        of_clips = [of_clip for _, of_clip in pairs]
        verdict = scorer.verdict([of_clip.scores for of_clip in of_clips])
        scores = dict(zip(work.label_ids, verdict.probabilities.tolist(), strict=True))
        said = {"scores": scores, "known": verdict.known}
        predictions.append({"track_id": track_id, "clips": len(of_clips), **said})
        embeddings[track_id] = of_track([of_clip.embeddings for of_clip in of_clips]).tolist()
    with engine.begin() as connection:
        if lost:
            forget_spectrograms(connection, [row.clip_id for row in lost], work.config_id)
        save_embeddings(connection, work.model_id, embeddings)
        return save_predictions(connection, work.model_id, predictions), len(scored)
