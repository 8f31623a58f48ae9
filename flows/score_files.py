"""Say what files sound like that are not in the database; nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings
from db import queries
from flows.home import model_folder, open_database
from ml.audio import AudioError, load_mono
from ml.model import ModelFileError
from ml.predict import Scorer, load_model
from ml.spectrogram import Recipe, log_mel
from sources.clips import UnusableError, plan_clips, probe

NO_MODEL = "No model is in use yet; run `labelscope run --folder DIR` first."


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """A file's labels with their probabilities, best first; or the problem with the file, and no labels."""

    path: Path
    ranking: tuple[tuple[str, float], ...] = ()
    problem: str | None = None
    known: bool = True  # False: it is like none of the labels; the first is only the nearest


def score_files(settings: Settings, paths: Sequence[Path]) -> list[ScoredFile]:
    """Score files one by one, by the same clips that a track in the database would have.

    Raises ModelFileError where no model is in use yet.
    """
    with open_database(settings) as engine, engine.connect() as connection:
        champion = queries.champion(connection)
        names = {label.slug: label.name for label in queries.labels(connection)}
    if champion is None:
        raise ModelFileError(NO_MODEL)
    scorer = load_model(model_folder(settings) / champion.path, champion.sha256)
    return [_score_file(scorer, path, names, settings.windows_per_track) for path in paths]


def _score_file(scorer: Scorer, path: Path, names: dict[str, str], windows: int) -> ScoredFile:
    recipe = Recipe.from_dict(scorer.recipe)
    try:
        plan = plan_clips(probe(path).duration_s, windows)
        clips = [
            log_mel(
                load_mono(path, offset_s=start, duration_s=length, sample_rate=recipe.sample_rate), recipe
            )
            for start, length in plan
        ]
    except AudioError as problem:
        return ScoredFile(path, problem=str(problem))
    except UnusableError as problem:
        return ScoredFile(path, problem=f"{path.name} {problem.args[1]}")
    except IsADirectoryError:
        sentence = f"{path.name} is a folder: name audio files, such as {path}/*.flac, or take it in with run --folder."
        return ScoredFile(path, problem=sentence)
    except OSError as problem:
        return ScoredFile(path, problem=f"{path.name} cannot be read: {problem.strerror}.")
    scores = [crops for crops in scorer.score_many(clips) if len(crops)]
    if not scores:
        return ScoredFile(path, problem=f"{path.name} is shorter than one crop of 3 s; use a longer file.")
    verdict = scorer.verdict(scores)
    ranking = sorted(
        zip(scorer.labels, verdict.probabilities.tolist(), strict=True), key=lambda pair: -pair[1]
    )
    return ScoredFile(path, tuple((names[slug], share) for slug, share in ranking), known=verdict.known)
