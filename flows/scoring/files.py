"""Say what files sound like that are not in the database; nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.files import sha256_if_readable
from config.settings import Settings
from db import read
from flows.checks.files import UnheardError, too_short
from flows.checks.requests import require_champion
from flows.home.environment import model_folder, open_database
from ml.audio.decode import load_mono
from ml.audio.errors import AudioError
from ml.features.spectrogram import SpectrogramConfig, log_mel
from ml.models.embedding import of_track
from ml.models.scorer import ClipOutputs, Scorer, load_model
from sources.files.probe import UnusableError, plan_clips, probe


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """A file's labels with their probabilities, best first; or the problem with the file, and no labels."""

    path: Path
    ranking: tuple[tuple[str, float], ...] = ()
    problem: str | None = None
    known: bool = True  # False: it is like none of the labels; the first is only the nearest
    learnt: bool = False  # the model has learnt from this very file, so that its answer proves nothing


def score_files(settings: Settings, paths: Sequence[Path]) -> list[ScoredFile]:
    """Score files one by one, by the same clips that a track in the database would have.

    Raises NoModelError where no model is in use yet.
    """
    hashes = [sha256_if_readable(path) for path in paths]
    with open_database(settings) as engine, engine.connect() as connection:
        champion = require_champion(connection)
        names = {label.slug: label.name for label in read.learning.labels(connection)}
        learnt = read.learning.files_learnt(connection, [sha256 for sha256 in hashes if sha256])
    scorer = _load(settings, champion)
    return [
        replace(_score_file(scorer, path, names, settings.windows_per_track), learnt=sha256 in learnt)
        for path, sha256 in zip(paths, hashes, strict=True)
    ]


def embedding_of_file(settings: Settings, path: Path) -> list[float]:
    """What the model in use hears in a file, as it does in a track: see ml/models/embedding.py.

    Raises NoModelError where no model is in use yet, and UnheardError where there is nothing to hear.
    """
    with open_database(settings) as engine, engine.connect() as connection:
        champion = require_champion(connection)
    scorer = _load(settings, champion)
    heard = hear_file(scorer, path, settings.windows_per_track)
    embedding: list[float] = of_track([of_clip.embeddings for of_clip in heard]).tolist()
    return embedding


def _load(settings: Settings, champion: Any) -> Scorer:
    return load_model(model_folder(settings) / champion.path, champion.sha256)


def _score_file(scorer: Scorer, path: Path, names: dict[str, str], windows: int) -> ScoredFile:
    try:
        heard = hear_file(scorer, path, windows)
    except UnheardError as problem:
        return ScoredFile(path, problem=str(problem))
    verdict = scorer.verdict([of_clip.scores for of_clip in heard])
    ranking = sorted(
        zip(scorer.labels, verdict.probabilities.tolist(), strict=True), key=lambda pair: -pair[1]
    )
    return ScoredFile(path, tuple((names[slug], share) for slug, share in ranking), known=verdict.known)


def hear_file(scorer: Scorer, path: Path, windows: int) -> list[ClipOutputs]:
    """What a model makes of each clip of a file, each of at least one crop. Raises UnheardError."""
    try:
        heard = [
            of_clip
            for of_clip in scorer.score_and_embed(_clips(scorer, path, windows))
            if len(of_clip.scores)
        ]
    except AudioError as problem:
        raise UnheardError(str(problem)) from problem
    except UnusableError as problem:
        raise UnheardError(f"{path.name} {problem.args[1]}") from problem
    except FileNotFoundError as problem:
        raise UnheardError(
            f"{path} is not there; put it back or name the place that it has now."
        ) from problem
    except OSError as problem:
        raise UnheardError(f"{path.name} cannot be read ({problem.strerror}); copy it anew.") from problem
    if not heard:
        raise too_short(path)
    return heard


def _clips(scorer: Scorer, path: Path, windows: int) -> list[NDArray[np.float32]]:
    recipe = SpectrogramConfig.from_dict(scorer.spectrogram_config)
    return [
        log_mel(load_mono(path, offset_s=start, duration_s=length, sample_rate=recipe.sample_rate), recipe)
        for start, length in plan_clips(probe(path).duration_s, windows)
    ]
