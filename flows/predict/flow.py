"""The flow in which the champion scores all tracks that it has not scored yet."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Connection, Engine

from config.labels import read_labels
from config.settings import Settings
from db import read
from db.engine import Lock, share_lock
from db.read.clips import SpectrogramFile
from db.read.learning import Champion
from db.write.clips import forget_spectrograms
from db.write.embeddings import complete_embeddings, save_embeddings
from db.write.learning import PredictionRow, save_predictions
from flows.batch import worker_resources
from flows.batch.batches import batches
from flows.batch.refresh_track_states import refresh_track_states
from flows.batch.task_runners import map_batches
from flows.home.environment import model_folder, open_database, spectrogram_folder
from flows.predict.artifacts import leave_map, leave_predictions
from flows.prefect_tools.progress import progress_bar
from flows.prefect_tools.run_names import timed
from flows.scoring.model_cache import loaded_model, scoring
from ml.features.spectrogram import SpectrogramConfig, load_whole_spectrogram

if TYPE_CHECKING:
    from ml.models.scorer import ClipOutputs, Scorer


@dataclass(frozen=True, slots=True)
class Predicted:
    """How many tracks and clips were scored, in how many seconds, and by which model (None without a champion)."""

    tracks: int = 0
    model_id: int | None = None
    clips: int = 0
    seconds: float = 0.0
    rescored: int = 0  # tracks that had a prediction by this model, but no embedding


@flow(name="predict", flow_run_name=timed("predict"))
def predict() -> Predicted:
    """Score every track with usable audio that the champion has not scored yet.

    - **reads** the champion's file and the tracks' spectrograms.
    - **writes** a prediction for each track: the mean over its clips, with one probability for each label. The
      prediction has no label where the model is less confident than for 95 % of its validation tracks. Also writes an
      embedding, by which similar tracks are found. Without a champion there is nothing to do. Audio from origins that
      training.allow does not list is not scored.
    - Tracks with a prediction but without an embedding are scored again. When all tracks have an embedding, those of
      the previous model are deleted, and a map of all tracks is left as an artifact.
    """
    settings = Settings()
    allowed = read_labels(settings.labels).training.allow
    with open_database(settings) as engine:
        with engine.connect() as connection:
            champion = read.learning.champion(connection)
        if champion is None:
            return Predicted()
        refresh_track_states(engine)
        with engine.connect() as connection:
            model = (champion.model_id, champion.config_id, allowed)
            unscored = read.learning.tracks_to_predict(connection, *model)
            complete = _embeddings_are_complete(connection, champion.model_id)
            again = [] if complete else read.embeddings.tracks_without_embedding(connection, *model)
        predicted = Predicted(model_id=champion.model_id)
        if unscored or again:
            predicted = _score(engine, settings, champion, allowed, [*unscored, *again])
        if not complete:
            with engine.begin() as connection:
                completed = complete_embeddings(connection, champion.model_id, allowed)
            if completed:
                leave_map(engine)
    return replace(predicted, rescored=len(again))


def _embeddings_are_complete(connection: Connection, model_id: int) -> bool:
    """Whether no track waits for an embedding; also where PostgreSQL cannot store any."""
    return not read.embeddings.is_there(connection) or read.embeddings.is_complete(connection, model_id)


def _score(
    engine: Engine, settings: Settings, champion: Champion, allowed: Sequence[str], track_ids: Sequence[int]
) -> Predicted:
    """Score these tracks batch by batch, and leave the artifacts. Raises ModelFileError for a damaged model file."""
    loaded_model(model_folder(settings) / champion.path, champion.sha256)
    work = _work(champion, allowed)
    tracks = clips = 0
    started = time.perf_counter()
    with (
        map_batches(predict_batch, work, batches(track_ids, settings.prediction_batch), settings) as results,
        worker_resources.DATABASE.provided(engine),
        progress_bar("Predicting tracks", len(track_ids)) as advance,
    ):
        for batch, (written, scored_clips) in results:
            tracks, clips = tracks + written, clips + scored_clips
            advance(len(batch))
    refresh_track_states(engine)
    seconds = time.perf_counter() - started
    get_run_logger().info("%d clips in %.1f s: %.0f per second.", clips, seconds, clips / seconds)
    with engine.connect() as connection:
        summary = f"Model {champion.model_id} scored {tracks} tracks by {clips} clips in {seconds:.1f} s."
        leave_predictions(connection, [summary])
    return Predicted(tracks, champion.model_id, clips, seconds)


@dataclass(frozen=True, slots=True)
class TrackWork:
    """What each batch needs besides the ids of its tracks. It can be sent to any worker."""

    model_id: int
    path: str  # of the model's file, relative to the folder of models
    sha256: str
    config_id: int
    label_ids: tuple[int, ...]  # in the order of the model's scores
    allowed: tuple[str, ...]  # origins of audio that may be scored


def _work(champion: Champion, allowed: Sequence[str]) -> TrackWork:
    return TrackWork(
        champion.model_id,
        champion.path,
        champion.sha256,
        champion.config_id,
        tuple(label["id"] for label in champion.labels),
        tuple(allowed),
    )


@task(task_run_name="tracks from {ids[0]} on", cache_policy=NO_CACHE)
def predict_batch(work: TrackWork, ids: list[int]) -> tuple[int, int]:
    """Score some tracks and write predictions and embeddings in one transaction; returns the numbers of tracks and
    clips. An earlier prediction of this model is kept.
    """
    settings, engine = Settings(), worker_resources.DATABASE.get()
    with (
        # No content is removed meanwhile.
        share_lock(engine, Lock.CONTENT),
        scoring(model_folder(settings) / work.path, work.sha256) as scorer,
    ):
        with engine.connect() as connection:
            rows = read.clips.spectrograms_of(connection, ids, work.config_id, work.allowed)
        clips, lost = _score_clips(settings, scorer, rows)
        predictions, embeddings = _by_track(work, scorer, clips)
        with engine.begin() as connection:
            if lost:
                forget_spectrograms(connection, [row.clip_id for row in lost], work.config_id)
            save_embeddings(connection, work.model_id, embeddings)
            return save_predictions(connection, work.model_id, predictions), len(clips)


def _score_clips(
    settings: Settings, scorer: "Scorer", rows: Sequence[SpectrogramFile]
) -> tuple[list[tuple[int, "ClipOutputs"]], list[SpectrogramFile]]:
    """Track id and outputs of each clip, and the rows of clips whose spectrogram is lost.

    A track with a lost clip is left out: it is scored when all its clips have spectrograms again.
    """
    config = SpectrogramConfig.from_dict(scorer.spectrogram_config)
    folder = spectrogram_folder(settings, config.fingerprint())
    readable: list[SpectrogramFile] = []
    lost: list[SpectrogramFile] = []

    def spectrograms() -> Iterator[NDArray[np.float16]]:
        """One at a time, since each open map holds a file descriptor."""
        for row in rows:
            try:
                spectrogram = load_whole_spectrogram(folder / row.path, row.frames, config.n_mels)
            except (OSError, ValueError) as problem:
                get_run_logger().warning("Clip %d will be extracted again: %s", row.clip_id, problem)
                lost.append(row)
            else:
                readable.append(row)
                yield spectrogram

    outputs = scorer.score_and_embed(spectrograms())
    incomplete = {row.track_id for row in lost}
    clips = [
        (row.track_id, of_clip)
        for row, of_clip in zip(readable, outputs, strict=True)
        if row.track_id not in incomplete
    ]
    return clips, lost


def _by_track(
    work: TrackWork, scorer: "Scorer", clips: Sequence[tuple[int, "ClipOutputs"]]
) -> tuple[list[PredictionRow], dict[int, list[float]]]:
    """Rows of predictions, and the embedding of each track id. `clips` of one track follow each other."""
    # Keras takes seconds to import, and most runs have nothing to score.
    from ml.models.embedding import of_track

    predictions: list[PredictionRow] = []
    embeddings = {}
    for track_id, pairs in groupby(clips, key=lambda pair: pair[0]):
        of_clips = [of_clip for _, of_clip in pairs]
        verdict = scorer.verdict([of_clip.scores for of_clip in of_clips])
        scores = dict(zip(work.label_ids, verdict.probabilities.tolist(), strict=True))
        predictions.append(
            {"track_id": track_id, "clips": len(of_clips), "scores": scores, "known": verdict.known}
        )
        embeddings[track_id] = of_track([of_clip.embeddings for of_clip in of_clips]).tolist()
    return predictions, embeddings
