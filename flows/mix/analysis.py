"""The analysis of a recording by the model in use, without rows and without Prefect."""

from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings
from db import read
from db.read.learning import Champion
from flows.checks.requests import require_champion, require_taste
from flows.home.environment import model_folder, open_database
from flows.mix.recording_file import RecordingFile, read_recording_file
from flows.mix.verdict import Verdict, judged
from flows.scoring.model_cache import scoring
from ml.mixes.analyse import OnProgress, WindowScores, analyse
from ml.mixes.segmentation import Timeline, timeline
from ml.mixes.summary import MixSummary, summarise
from sound.file_state import expect_unchanged


@dataclass(frozen=True, slots=True)
class Analysis:
    """The analysis of a whole recording; labels are slugs."""

    scores: WindowScores
    timeline: Timeline
    summary: MixSummary


@dataclass(frozen=True, slots=True)
class JudgedRecording:
    """A recording with its analysis and its verdict."""

    title: str
    analysis: Analysis
    verdict: Verdict | None  # None without a taste in labels.toml
    names: dict[str, str]  # of labels, by their slugs


def analyse_and_judge(settings: Settings, path: Path) -> JudgedRecording:
    """Analyse the recording and judge it by the taste in labels.toml. Nothing is stored.

    Raises NoModelError where no model is in use, AudioError for a file that cannot be used, and ConfigurationError.
    """
    with open_database(settings) as engine, engine.connect() as connection:
        champion = require_champion(connection)
        taste = require_taste(connection, settings)
        names = {label.slug: label.name for label in read.learning.labels(connection)}
    file = read_recording_file(path)
    analysis = analyse_file(settings, champion, file)
    return JudgedRecording(file.title, analysis, judged(analysis.summary, taste, names), names)


def analyse_file(
    settings: Settings, champion: Champion, file: RecordingFile, on_progress: OnProgress = lambda *_: None
) -> Analysis:
    """Analyse the whole file. Raises AudioError, also where the file has changed meanwhile."""
    with scoring(model_folder(settings) / champion.path, champion.sha256) as scorer:
        scores, calibration = analyse(file.path, scorer, on_progress), scorer.card.calibration
    expect_unchanged(file.path, file.state)
    labels_over_time = timeline(scores, calibration)
    return Analysis(scores, labels_over_time, summarise(labels_over_time, scores))
