"""Print what a flow returned: short sentences and tables."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cli.output import screen, status_tables
from config.settings import Settings
from db import read
from flows.home.environment import open_database

if TYPE_CHECKING:  # these import Prefect and Keras
    from flows.extract.flow import Extracted
    from flows.ingest.flow import Ingested
    from flows.maintain.flow import Maintained
    from flows.pipeline import Outcome
    from flows.predict.flow import Predicted
    from flows.training.flow import Retrained


LABEL_COLUMNS = (
    "label",
    "tracks",
    "held out",
    "accuracy",
    "95 % interval",
    "precision",
    "most often taken for",
)


def outcome(run: "Outcome") -> None:
    """All stages of a pipeline run, a line each."""
    ingested(run.ingested)
    extracted(run.extracted)
    retrained(run.retrained)
    predicted(run.predicted)


def ingested(stage: "Ingested") -> None:
    """Playlists, audio and features, a line each; then the problems as sentences."""
    changed = stage.playlists - stage.unchanged - stage.unread - stage.elsewhere
    unreadable = stage.unread - stage.deferred
    line = (
        f"{stage.playlists} playlists, {changed} changed; {stage.added} tracks new, {stage.removed} gone"
        + _unless_zero(stage.rejected, "records rejected")
        + _unless_zero(stage.expired, "expired")
        + _unless_zero(stage.deferred, "deferred to the next run")
        + _unless_zero(unreadable, "unreadable")
        + _unless_zero(stage.elsewhere, "left to another run")
    )
    screen.entry("ingest", line)
    for path in stage.moved_from:
        screen.entry("", f"The crate was recognised: it was at {path} before.")
    if stage.audio is not None:
        line = f"{stage.audio.found} tracks got audio, {stage.audio.nowhere} have none at any source"
        screen.entry("audio", line + _unless_zero(stage.audio.later, "wait for the next run"))
    if stage.features:
        screen.entry("features", f"{stage.features} tracks measured by services")
    for problem in stage.problems:
        screen.entry("", problem)


def extracted(stage: "Extracted") -> None:
    """How many clips became ready, and how many did not."""
    if not (stage.ready or stage.too_short or stage.rejected or stage.elsewhere):
        screen.entry("extract", "no clip waits")
        return
    line = (
        f"{stage.ready} clips ready"
        + _unless_zero(stage.too_short, "too short for one crop")
        + _unless_zero(stage.rejected, "rejected")
        + _unless_zero(stage.elsewhere, "left to another run")
    )
    screen.entry("extract", line)


def retrained(stage: "Retrained") -> None:
    """The outcome of a training with its reason, and remarks on the data."""
    screen.entry("retrain", f"{stage.outcome.replace('_', ' ')}: {stage.reason}")
    for remark in stage.remarks:
        screen.entry("", remark)


def predicted(stage: "Predicted") -> None:
    """How many tracks were scored, by which model, and how fast."""
    if stage.model_id is None:
        screen.entry("predict", "no model is in use yet")
        return
    line = f"{stage.tracks} tracks scored by model {stage.model_id}"
    line += _unless_zero(stage.rescored, "analysed again for their neighbours")
    line += f", {stage.clips / stage.seconds:.0f} clips a second" if stage.clips else ""
    screen.entry("predict", line)


def _unless_zero(number: int, words: str) -> str:
    return f", {number} {words}" if number else ""


def maintained(stage: "Maintained") -> None:
    """How many files were checked, what is wrong with some, and what was repaired."""
    line = f"{stage.files} files, {stage.read} read in full, {len(stage.faults)} differ from their rows"
    screen.entry("maintain", line)
    for sentence in stage.damaged:
        screen.entry("", sentence)
    for path, _, fault in stage.faults:
        screen.entry("", f"{fault}: {path}")
    for outcome in stage.outcomes:
        screen.entry("", outcome)
    if stage.died:
        screen.entry("", f"{stage.died} trainings or evaluations had crashed, and are now marked as crashed")
    if stage.faults and not stage.outcomes:
        screen.entry("", "labelscope maintain --repair repairs them; the table file_faults lists them")


def results(settings: Settings) -> None:
    """How well the model in use separates the labels, and what could not be used and why."""
    with open_database(settings) as engine, engine.connect() as connection:
        champion = read.learning.champion(connection)
        labels = read.views.label_accuracy(connection)
        problems = read.problems.problems(connection)
    if champion is not None:
        screen.table("Labels", LABEL_COLUMNS, [_label(row) for row in labels])
        baseline = f"always naming the largest label would get {champion.majority:.1%}"
        screen.paragraph(f"{accuracy(champion)}; {baseline}.")
        screen.paragraph(f"Balanced accuracy: {balanced_accuracy(champion)}.")
    status_tables.problems(problems)


def _label(row: Any) -> tuple[Any, ...]:
    taken_for = (
        f"{row.most_often_taken_for} ({row.taken_for_share:.3f})" if row.most_often_taken_for else None
    )
    interval = screen.interval(row.ci_low, row.ci_high)
    return row.label, row.tracks, row.holdout_tracks, row.accuracy, interval, row.precision, taken_for


def accuracy(champion: Any) -> str:
    """The share of held-out tracks whose label the model in use predicts."""
    return f"{champion.track_accuracy:.1%} of held-out tracks right"


def balanced_accuracy(champion: Any) -> str:
    """Balanced accuracy on held-out tracks, with its interval and the baseline's accuracy where there are any."""
    text = f"{champion.balanced_accuracy:.1%}"
    if screen.interval(champion.ci_low, champion.ci_high):
        text += f", with a 95 % interval of {champion.ci_low:.1%} to {champion.ci_high:.1%}"
    if champion.baseline_accuracy is not None:
        text += f"; the classical baseline has {champion.baseline_accuracy:.1%}"
    return text


def next_steps(settings: Settings) -> None:
    """Where the demo's data are, and a query to try."""
    here = Path.cwd()
    home = settings.home.relative_to(here) if settings.home.is_relative_to(here) else settings.home
    typer.echo(f"\nAll of it is synthetic, and is in {home}. Try:")
    query = "SELECT artists, title, label, predicted, confidence FROM track_predictions LIMIT 5"
    typer.echo(f'  LABELSCOPE_HOME={home} {sys.argv[0]} sql "{query}"')
