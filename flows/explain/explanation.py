"""Why a track or a file sounds like what the model in use says. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from config.settings import Settings
from db import read
from db.read.embeddings import SimilarTrack
from db.read.learning import Champion, LabelName
from db.write.embeddings import as_vector
from flows.checks.neighbours import NeighbourError, require_neighbours
from flows.explain.music import Clip, Music, load
from flows.explain.neighbours import nearest
from flows.explain.ranges import LabelDeviations, deviations
from flows.explain.request import Request
from flows.scoring.files import champion_scorer
from ml.features.spectrogram import SpectrogramConfig
from ml.models.crop_scores import CropScores, runs, score_overlapping
from ml.models.embedding import of_track
from ml.models.scorer import Scorer, TrackVerdict


@dataclass(frozen=True, slots=True)
class Piece:
    """Seconds within the file whose crops all have one most probable label, and the mean of its probability."""

    start_s: float
    end_s: float
    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class ExplainedClip:
    """A clip, from `start_s` of the file on, with the scores of its crops and its pieces."""

    start_s: float
    spectrogram: NDArray[np.floating]  # (frames, bands) in dB
    scores: CropScores
    pieces: Sequence[Piece]

    @property
    def end_s(self) -> float:
        """The end of the last crop within the file."""
        return self.start_s + self.scores.end_s


@dataclass(frozen=True, slots=True)
class NearestOfLabel:
    """The tracks of a label that are most similar."""

    label: str
    tracks: Sequence[SimilarTrack]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The prediction for a track or file, and what speaks for it."""

    request: Request
    model_id: int
    known: bool  # False: unknown, and the first label is only the nearest one
    ranking: Sequence[tuple[str, float]]  # labels with their probabilities, best first
    labels: Sequence[str]  # the columns of the crops' scores
    colours: Sequence[int]  # the position of each of them among the labels of the database
    config: SpectrogramConfig
    clips: Sequence[ExplainedClip]
    nearest: Sequence[NearestOfLabel]  # of the two most probable labels
    without_neighbours: str | None  # the reason and the cure where there are no nearest tracks
    deviations: Sequence[LabelDeviations]  # from the most probable label, and from the track's own


def explain(engine: Engine, settings: Settings, champion: Champion, request: Request) -> Explanation:
    """The explanation of the champion's prediction.

    Raises UnusableFileError, ExplanationError, and ModelFileError for a damaged model file.
    """
    with champion_scorer(settings, champion) as scorer:
        music = load(settings, scorer, request)
        verdict, embedding, scores = _score(scorer, music)
    order = np.argsort(-verdict.probabilities).tolist()
    with engine.connect() as connection:
        stored = read.learning.labels(connection)
        by_slug = {label.slug: label for label in stored}
        labels = [by_slug[slug] for slug in scorer.labels]
        top_two = [labels[position] for position in order[:2]]
        neighbours, reason = _neighbours(connection, top_two, as_vector(embedding), request, music)
        own = [label for label in stored if label.name == request.label]
        unusual = [
            deviations(connection, label, music.features, request.track_id)
            for label in dict.fromkeys([top_two[0], *own])
        ]
    names = [label.name for label in labels]
    return Explanation(
        request=request,
        model_id=champion.model_id,
        known=verdict.known,
        ranking=[(names[position], float(verdict.probabilities[position])) for position in order],
        labels=names,
        colours=[stored.index(label) for label in labels],
        config=SpectrogramConfig.from_dict(scorer.spectrogram_config),
        clips=[
            ExplainedClip(clip.start_s, clip.spectrogram, of_clip, _pieces(clip, of_clip, names))
            for clip, of_clip in zip(music.clips, scores, strict=True)
        ],
        nearest=neighbours,
        without_neighbours=reason,
        deviations=unusual,
    )


def _score(scorer: Scorer, music: Music) -> tuple[TrackVerdict, list[float], list[CropScores]]:
    """The verdict and the embedding, both as of a stored track, and the crop scores of each clip."""
    outputs = score_overlapping(scorer, [clip.spectrogram for clip in music.clips])
    consecutive = [of_clip for of_clip, _ in outputs]
    embedding: NDArray[np.float32] = of_track([of_clip.embeddings for of_clip in consecutive])
    verdict = scorer.verdict([of_clip.scores for of_clip in consecutive])
    return verdict, embedding.tolist(), [scores for _, scores in outputs]


def _neighbours(
    connection: Connection, labels: Sequence[LabelName], embedding: str, request: Request, music: Music
) -> tuple[list[NearestOfLabel], str | None]:
    """The nearest tracks of each of these labels; or none, and the reason."""
    try:
        require_neighbours(connection)
    except NeighbourError as problem:
        return [], str(problem)
    return [
        NearestOfLabel(label.name, nearest(connection, label, embedding, request, music)) for label in labels
    ], None


def _pieces(clip: Clip, scores: CropScores, names: Sequence[str]) -> list[Piece]:
    best = scores.probabilities.argmax(axis=1)  # (crops,)
    return [
        Piece(
            clip.start_s + run.start_s,
            clip.start_s + run.end_s,
            names[best[run.first]],
            float(scores.probabilities[run.first : run.end, best[run.first]].mean()),
        )
        for run in runs(best, scores.crop_s, scores.step_s, scores.end_s)
    ]
