"""`labelscope predict`: score the tracks in the database, or show the scores of some files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from cli.output import predictions, screen, show
from cli.output.rows import Format
from cli.starting import flow_ready, module_ready, path_problem
from config.labels import read_labels
from config.settings import Settings
from db import read
from flows.checks.no_champion import NoModelError
from flows.checks.requests import require_champion
from flows.home.environment import open_database
from flows.home.folder import require_home


def predict(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Audio files to score and show, not to store; of folders all."),
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="Of the scores of files: for people or for programs.")
    ] = Format.TABLE,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Score all tracks that the model in use has not scored yet; or show its scores for some files."""
    settings = Settings()
    form = Format.JSON if as_json else form
    require_home(settings)
    if files:
        _predict_files(settings, files, form)
    else:
        _predict_tracks(settings)


def _predict_tracks(settings: Settings) -> None:
    read_labels(settings.labels)
    with flow_ready(settings, "flows.predict.flow", require_champion):
        from flows.predict.flow import predict as flow

        with open_database(settings) as engine, engine.connect() as connection:
            began = read.tracks.predictions.now(connection)
        predicted = flow()
    if predicted.model_id is None:
        raise NoModelError
    show.predicted(predicted)
    if predicted.tracks:
        predictions.scored_tracks(settings, began)


def _predict_files(settings: Settings, paths: Sequence[Path], form: Format) -> None:
    """Show the scores of the files that can be scored; an error sentence, and exit code 1, for the others."""
    files = [file for path in paths for file in _files_of(path)]
    problems = {file: problem[1] for file in files if (problem := path_problem(file))}
    for sentence in problems.values():
        screen.error(sentence)
    if present := [file for file in files if file not in problems]:
        # The database stays open to the end: otherwise PostgreSQL would stop and start in between.
        with open_database(settings) as engine:
            unusable = _unusable(engine, present)
            for sentence in unusable.values():
                screen.error(sentence)
            usable = [file for file in present if file not in unusable]
            problems |= unusable | (_score(settings, usable, form) if usable else {})
    if problems:
        raise typer.Exit(1)


def _score(settings: Settings, files: Sequence[Path], form: Format) -> dict[Path, str]:
    """Show the scores of the files; the files that could not be scored, each with a sentence."""
    module_ready(settings, "flows.scoring.files")
    from flows.scoring.files import score_files

    scored = score_files(settings, files)
    predictions.print_scored_files(scored, form)
    problems = {file.path: file.problem for file in scored if file.problem}
    for sentence in problems.values():
        screen.error(sentence)
    return problems


def _files_of(path: Path) -> list[Path]:
    """The audio files below a folder; any other path is itself. Raises BadParameter for a folder without audio."""
    if not path.is_dir():
        return [path]
    from sources.files.listing import list_audio  # not above: it imports NumPy

    if not (files := [Path(listed.path) for listed in list_audio(path)]):
        raise typer.BadParameter(f"There is no audio file in {str(path)!r}; name another folder.")
    return files


def _unusable(engine: Engine, files: Sequence[Path]) -> dict[Path, str]:
    """The files that cannot be scored, each with a sentence. Raises NoModelError where no model is in use."""
    from flows.checks.files import UnusableFileError, require_sound, shortest_s  # not above: it imports NumPy

    with engine.connect() as connection:
        require_champion(connection)
        shortest = shortest_s(connection)
    problems = {}
    for file in files:
        try:
            require_sound(file, shortest)
        except UnusableFileError as problem:
            problems[file] = str(problem)
    return problems
