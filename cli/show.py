"""What the commands print: short sentences and tables."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cli import screen, status_tables
from config.settings import Settings
from db import read
from flows.home.environment import open_database

if TYPE_CHECKING:  # these import Prefect and Keras
    from flows.extract.flow import Extracted
    from flows.ingest.flow import Ingested
    from flows.maintain.flow import Maintained
    from flows.pipeline import Outcome
    from flows.predict.flow import Predicted
    from flows.scoring.files import ScoredFile
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


def outcome(of_run: "Outcome") -> None:
    """All stages of a pipeline run, a line each."""
    ingested(of_run.ingested)
    extracted(of_run.extracted)
    retrained(of_run.retrained)
    predicted(of_run.predicted)


def ingested(stage: "Ingested") -> None:
    """Playlists, audio and features, a line each, and what went wrong in sentences."""
    changed = stage.playlists - stage.unchanged - stage.unread - stage.elsewhere
    line = f"{stage.playlists} playlists, {changed} changed; {stage.added} tracks new, {stage.removed} gone"
    line += f", {stage.rejected} records rejected" if stage.rejected else ""
    line += f", {stage.expired} expired" if stage.expired else ""
    refused = stage.unread - stage.deferred
    line += f", {stage.deferred} deferred to the next run" if stage.deferred else ""
    line += f", {refused} not to be had" if refused else ""
    screen.sentence("ingest", line + (f", {stage.elsewhere} left to another run" if stage.elsewhere else ""))
    if stage.audio is not None:
        line = f"{stage.audio.found} tracks got audio, {stage.audio.nowhere} have none anywhere"
        screen.sentence(
            "audio", line + (f", {stage.audio.later} wait for the next run" if stage.audio.later else "")
        )
    if stage.features:
        screen.sentence("features", f"{stage.features} tracks measured by services")
    for problem in stage.problems:
        screen.sentence("", problem)


def extracted(stage: "Extracted") -> None:
    if not (stage.ready or stage.too_short or stage.rejected or stage.elsewhere):
        screen.sentence("extract", "no clip waits")
        return
    line = f"{stage.ready} clips ready"
    line += f", {stage.too_short} too short for one crop" if stage.too_short else ""
    line += f", {stage.rejected} rejected" if stage.rejected else ""
    screen.sentence("extract", line + (f", {stage.elsewhere} left to another run" if stage.elsewhere else ""))


def retrained(stage: "Retrained") -> None:
    screen.sentence("retrain", f"{stage.outcome.replace('_', ' ')}: {stage.reason}")
    for remark in stage.remarks:
        screen.sentence("", remark)


def predicted(stage: "Predicted") -> None:
    if stage.model_id is None:
        screen.sentence("predict", "no model is in use yet")
    else:
        line = f"{stage.tracks} tracks scored by model {stage.model_id}"
        line += f", {stage.rescored} heard again for their neighbours" if stage.rescored else ""
        line += f", {stage.clips / stage.seconds:.0f} clips a second" if stage.clips else ""
        screen.sentence("predict", line)


def maintained(stage: "Maintained") -> None:
    screen.sentence(
        "maintain",
        f"{stage.files} files, {stage.read} read in full, {len(stage.faults)} do not agree with rows",
    )
    for sentence in stage.damaged:
        screen.sentence("", sentence)
    for path, _, fault in stage.faults:
        screen.sentence("", f"{fault}: {path}")
    for outcome in stage.outcomes:
        screen.sentence("", outcome)
    if stage.died:
        screen.sentence("", f"{stage.died} trainings or evaluations had died without saying so")
    if stage.faults and not stage.outcomes:
        screen.sentence("", "labelscope maintain --repair mends it; the table file_faults keeps it")


def results(settings: Settings) -> None:
    """How well the model in use tells the labels apart, and what could not be used and why."""
    with open_database(settings) as engine, engine.connect() as connection:
        champion = read.learning.champion(connection)
        labels = read.problems.view(connection, "label_accuracy")
        problems = read.problems.problems(connection)
    if champion is not None:
        screen.table("Labels", LABEL_COLUMNS, [_label(row) for row in labels], whole=True)
        screen.say(f"{accuracy(champion)}; always naming the largest label would be {champion.majority:.1%}.")
        screen.say(f"All labels counting alike: {balanced(champion)}.")
    if status_tables.problems(problems):
        typer.echo(screen.CUT)


def _label(row: Any) -> tuple[Any, ...]:
    taken_for = (
        f"{row.most_often_taken_for} ({row.taken_for_share:.3f})" if row.most_often_taken_for else None
    )
    interval = screen.interval(row.ci_low, row.ci_high)
    return row.label, row.tracks, row.holdout_tracks, row.accuracy, interval, row.precision, taken_for


def accuracy(champion: Any) -> str:
    """The share of held-out tracks that the model in use takes for their label."""
    return f"{champion.track_accuracy:.1%} of held-out tracks right"


def balanced(champion: Any) -> str:
    """Balanced accuracy on held-out tracks, with its interval and beside the baseline's, as far as they are known."""
    said = f"{champion.balanced_accuracy:.1%}"
    if screen.interval(champion.ci_low, champion.ci_high):
        said += f", with a 95 % interval of {champion.ci_low:.1%} to {champion.ci_high:.1%}"
    if champion.baseline_accuracy is not None:
        said += f"; the classical baseline has {champion.baseline_accuracy:.1%}"
    return said


def where_to_look(settings: Settings) -> None:
    """How to go on after the demo."""
    here = Path.cwd()
    home = settings.home.relative_to(here) if settings.home.is_relative_to(here) else settings.home
    typer.echo(f"\nAll of it is synthetic and lies in {home}. Look around:")
    query = "SELECT artists, title, label, predicted, confidence FROM track_predictions LIMIT 5"
    typer.echo(f'  LABELSCOPE_HOME={home} {sys.argv[0]} sql "{query}"')


def scored_files(files: "Sequence[ScoredFile]") -> None:
    """The most probable labels of each file, and in a sentence why others have none."""
    columns = ("file", "sounds like", "confidence", "next likely", "")
    heard = [file for file in files if file.ranking]
    notes = [_note(file) for file in heard]
    rows = [
        (file.path.name, *file.ranking[0], file.ranking[1][0], note)
        for file, note in zip(heard, notes, strict=True)
    ]
    screen.table(None, columns, rows, whole=True)
    if "unknown" in notes:
        screen.say("Unknown: like none of the labels; what stands there is only the nearest.")
    if "learnt" in notes:
        screen.say("Learnt: the model has learnt from this very file, so that its answer proves nothing.")
    if problems := [file.problem for file in files if file.problem]:
        for sentence in problems:
            screen.fail(sentence)
        raise typer.Exit(1)


def _note(file: "ScoredFile") -> str | None:
    return "learnt" if file.learnt else None if file.known else "unknown"
