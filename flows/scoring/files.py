"""Score files that are not in the database. Nothing is stored."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.files import sha256_if_readable
from config.settings import Settings
from db import read
from db.read.learning import Champion
from flows.checks.files import UnusableFileError, file_problems, too_short
from flows.checks.requests import require_champion
from flows.home.environment import model_folder, open_database
from flows.scoring.model_cache import scoring
from ml.features.spectrogram import SpectrogramConfig, log_mel
from ml.models.embedding import of_track
from ml.models.scorer import ClipOutputs, Scorer
from sound.clips import plan_clips
from sound.decode import load_mono
from sound.probe import probe


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """A file's labels with their probabilities, best first; or the problem with the file, and no labels."""

    path: Path
    ranking: tuple[tuple[str, float], ...] = ()
    problem: str | None = None
    known: bool = True  # False: unknown, and the first label is only the nearest one
    learnt: bool = False  # the model was trained on this very file, so that its prediction proves nothing


def score_files(settings: Settings, paths: Sequence[Path]) -> list[ScoredFile]:
    """Score files one by one, by the same clips that a track in the database would have.

    Raises NoModelError where no model is in use yet.
    """
    hashes = [sha256_if_readable(path) for path in paths]
    with open_database(settings) as engine, engine.connect() as connection:
        champion = require_champion(connection)
        names = {label.slug: label.name for label in read.learning.labels(connection)}
        learnt = read.learning.files_learnt(connection, [sha256 for sha256 in hashes if sha256])
    with champion_scorer(settings, champion) as scorer:
        return [
            replace(_score_file(scorer, path, names, settings.windows_per_track), learnt=sha256 in learnt)
            for path, sha256 in zip(paths, hashes, strict=True)
        ]


def embedding_of_file(settings: Settings, path: Path) -> list[float]:
    """The embedding of a file by the model in use, made as that of a track: see ml/models/embedding.py.

    Raises NoModelError where no model is in use yet, and UnusableFileError where the file cannot be scored.
    """
    with open_database(settings) as engine, engine.connect() as connection:
        champion = require_champion(connection)
    with champion_scorer(settings, champion) as scorer:
        clips = score_clips(scorer, path, settings.windows_per_track)
    embedding: list[float] = of_track([clip.embeddings for clip in clips]).tolist()
    return embedding


def champion_scorer(settings: Settings, champion: Champion) -> AbstractContextManager[Scorer]:
    """The model in use, for one thread at a time. Raises ModelFileError where its file is missing or damaged."""
    return scoring(model_folder(settings) / champion.path, champion.sha256)


def _score_file(scorer: Scorer, path: Path, names: dict[str, str], windows: int) -> ScoredFile:
    try:
        clips = score_clips(scorer, path, windows)
    except UnusableFileError as problem:
        return ScoredFile(path, problem=str(problem))
    verdict = scorer.verdict([clip.scores for clip in clips])
    ranking = sorted(
        zip(scorer.labels, verdict.probabilities.tolist(), strict=True), key=lambda pair: -pair[1]
    )
    return ScoredFile(path, tuple((names[slug], share) for slug, share in ranking), known=verdict.known)


def score_clips(scorer: Scorer, path: Path, windows: int) -> list[ClipOutputs]:
    """The outputs of a model for each clip of a file, without clips shorter than a crop. Raises UnusableFileError."""
    with file_problems(path):
        outputs = [clip for clip in scorer.score_and_embed(_clips(scorer, path, windows)) if len(clip.scores)]
    if not outputs:
        raise too_short(path)
    return outputs


def _clips(scorer: Scorer, path: Path, windows: int) -> Iterator[NDArray[np.float32]]:
    """Spectrograms of the clips of a file, (frames, mel bands) each."""
    config = SpectrogramConfig.from_dict(scorer.spectrogram_config)
    return (log_mel(samples, config) for _, samples in samples_of_clips(path, config.sample_rate, windows))


def samples_of_clips(
    path: Path, sample_rate: int, windows: int
) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """The start in seconds and the mono samples, (samples,), of each clip that a file would have in the database."""
    for start, length in plan_clips(probe(path).duration_s, windows):
        yield start, load_mono(path, offset_s=start, duration_s=length, sample_rate=sample_rate)
