"""The commands of `labelscope`: what people type.

Heavy libraries are imported inside of the commands that need them, so that `labelscope --help` and `labelscope sql`
answer at once; Prefect and Keras read the environment when they are imported, which `started` prepares.
"""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from cli import screen, show
from cli.commands import backup, database, deploy, mix, models, providers, report, similar, up
from cli.commands.status import status as show_status
from cli.starting import get_ready, no_file, require_source, started
from config.labels import read_labels
from config.settings import Settings
from flows.checks.no_champion import NoModelError
from flows.checks.requests import (
    has_clips,
    require_champion,
    require_hyperparameters,
    require_something_to_learn,
)
from flows.home.environment import open_database
from flows.home.folder import require_home, synthetic_crate

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Which record label does this sound like? Music in, a trained network, predictions in PostgreSQL.",
    epilog="Everything that is written lies in LABELSCOPE_HOME, by default .labelscope in this folder.",
)
app.add_typer(database.app, name="db")
app.command(name="up", epilog="Examples: labelscope up | labelscope up --detach")(up.up)
app.command(name="down", epilog="Example: labelscope down")(up.down)
app.command(name="deploy", epilog="Example: PREFECT_API_URL=http://127.0.0.1:4200/api labelscope deploy")(
    deploy.deploy
)
app.command(
    name="worker",
    epilog="Example: PREFECT_API_URL=http://127.0.0.1:4200/api labelscope worker --limit 2",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)(deploy.worker)
app.command(name="sql", epilog=database.SQL_EXAMPLE)(database.sql)
app.command(name="models", epilog="Example: labelscope models")(models.models)
app.command(name="promote", epilog='Example: labelscope promote 3 --why "it hears Kompakt better"')(
    models.promote
)
app.command(name="evaluate", epilog="Example: labelscope evaluate --folds 5 --repeats 3")(models.evaluate)
app.command(name="backup", epilog="Example: labelscope backup /mnt/disk/labelscope")(backup.backup)
app.command(name="restore", epilog="Example: LABELSCOPE_HOME=new labelscope restore /mnt/disk/labelscope")(
    backup.restore
)
app.command(
    name="mix", epilog="Examples: labelscope mix set.mp3 --picture set.png | labelscope mix *.mp3 --json"
)(mix.mix)
app.command(
    name="report", epilog="Examples: labelscope report --open | labelscope report for-the-label.html"
)(report.report)
app.command(
    name="similar", epilog="Examples: labelscope similar 'Artist - Title' | labelscope similar promo.mp3"
)(similar.similar)
app.command(name="map", epilog="Example: labelscope map --picture crate.png")(similar.draw_map)
app.command(name="login", epilog="Examples: labelscope login spotify | labelscope login prefect")(
    providers.login
)
app.command(name="purge", epilog="Example: labelscope purge --provider spotify")(providers.purge)

Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        help="Read a crate, a folder with one sub-folder of audio for each label, in place of labels.toml.",
    ),
]


@app.command(epilog="Example: labelscope demo")
def demo() -> None:
    """The whole job on synthetic music: five made-up labels, rendered here, in a home of their own."""
    # Made-up labels must never stand among real ones: a home, a database and a history of their own, on this machine.
    home = Settings().home
    if not synthetic_crate(home).is_dir():  # that one is a demo's own already
        os.environ["LABELSCOPE_HOME"] = str(home / "demo")
    for name in ("DATABASE_URL", "PREFECT_API_URL", "LABELSCOPE_DASK"):
        os.environ.pop(name, None)
    settings = Settings()
    with started(settings, "flows.pipeline"):
        from flows.home.demo_crate import render_synthetic_crate
        from flows.pipeline import pipeline

        show.outcome(pipeline(render_synthetic_crate(settings), synthetic=True))
    show.results(settings)
    show.where_to_look(settings)


@app.command(epilog="Examples: labelscope run | labelscope run --folder ~/Music/crate")
def run(folder: Folder = None) -> None:
    """The whole job: ingest, extract, retrain if due, predict. Run it again whenever there is new music."""
    settings = Settings()
    require_source(settings, folder)
    require_hyperparameters(settings)
    with started(settings, "flows.pipeline"):
        from flows.pipeline import pipeline

        outcome = pipeline(folder)
    show.outcome(outcome)
    show.results(settings)
    if outcome.ingested.nothing_read:
        raise typer.Exit(1)
    if outcome.predicted.model_id is None and outcome.retrained.outcome != "not_allowed":
        raise typer.Exit(1)  # no model, so nothing could be predicted


@app.command(epilog="Examples: labelscope ingest | labelscope ingest --folder ~/Music/crate")
def ingest(folder: Folder = None) -> None:
    """Read the playlists of labels.toml into the database, with previews; or a crate's names, tags and checksums."""
    settings = Settings()
    require_source(settings, folder)
    with started(settings, "flows.ingest.flow"):
        from flows.ingest.flow import ingest as flow

        ingested = flow(folder)
    show.ingested(ingested)
    if ingested.nothing_read:
        raise typer.Exit(1)


@app.command(epilog="Example: labelscope extract")
def extract(
    again: Annotated[bool, typer.Option("--again", help="Try all rejected clips once more.")] = False,
) -> None:
    """Compute spectrograms and audio features of all clips that have none yet."""
    settings = Settings()
    require_home(settings)
    # Open to the end, or PostgreSQL would stop and start in between.
    with open_database(settings) as engine:
        with engine.connect() as connection:
            nothing = not has_clips(connection)
        if nothing:
            screen.sentence("extract", "there is no clip yet; `labelscope ingest` brings some in")
            return
        with started(settings, "flows.extract.flow"):
            from flows.extract.flow import extract as flow

            show.extracted(flow(again))


@app.command(epilog='Example: labelscope retrain --why "new releases of this summer"')
def retrain(
    why: Annotated[str, typer.Option(help="The reason, kept with the training.")] = "a person's wish",
) -> None:
    """Train the network now; if it is better than the one in use, it takes its place and scores all tracks again."""
    settings = Settings()
    require_home(settings)
    models.require_reason(why)
    with started(settings, "flows.training.flow", partial(require_something_to_learn, settings=settings)):
        from flows.predict.flow import predict as score
        from flows.training.flow import retrain as flow

        retrained = flow(why)
        show.retrained(retrained)
        if retrained.outcome == "promoted":
            show.predicted(score())
    if retrained.outcome in ("refused", "busy", "not_allowed"):
        raise typer.Exit(1)


@app.command(epilog="Examples: labelscope predict | labelscope predict 'unknown promo.mp3'")
def predict(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Audio files to score and show, not to store."),
    ] = None,
) -> None:
    """Score all tracks that the model in use has not scored yet; or just show what it says of some files."""
    settings = Settings()
    require_home(settings)
    if files:
        _predict_files(settings, files)
        return
    read_labels(settings.labels)
    with started(settings, "flows.predict.flow", require_champion):
        from flows.predict.flow import predict as flow

        predicted = flow()
    if predicted.model_id is None:
        raise NoModelError
    show.predicted(predicted)


def _predict_files(settings: Settings, files: Sequence[Path]) -> None:
    problems = {file: why[1] for file in files if (why := no_file(file))}
    for sentence in problems.values():
        screen.fail(sentence)
    if there := [file for file in files if file not in problems]:
        # Open to the end, or PostgreSQL would stop and start in between.
        with open_database(settings) as engine:
            faulty = _not_sound(engine, there)
            for sentence in faulty.values():
                screen.fail(sentence)
            problems |= faulty
            if there := [file for file in there if file not in faulty]:
                get_ready(settings, "flows.scoring.files")
                from flows.scoring.files import score_files

                show.scored_files(score_files(settings, there))
    if problems:
        raise typer.Exit(1)


def _not_sound(engine: Engine, files: Sequence[Path]) -> dict[Path, str]:
    """Why some of the files cannot be scored. Raises NoModelError where none can."""
    from flows.checks.files import (  # not above: it brings NumPy along
        UnusableFileError,
        require_sound,
        shortest_s,
    )

    with engine.connect() as connection:
        require_champion(connection)
        least_s = shortest_s(connection)
    faulty = {}
    for file in files:
        try:
            require_sound(file, least_s)
        except UnusableFileError as problem:
            faulty[file] = str(problem)
    return faulty


@app.command(epilog="Examples: labelscope maintain | labelscope maintain --repair")
def maintain(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what does not agree.")] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Read all files and all pages of the database in full.")
    ] = False,
) -> None:
    """Compare files and rows both ways; say, or mend, what is missing, damaged or orphaned."""
    settings = Settings()
    require_home(settings)
    with started(settings, "flows.maintain.flow"):
        from flows.maintain.flow import maintain as flow

        maintained = flow(repair, thorough)
    show.maintained(maintained)
    if (maintained.faults and not repair) or maintained.damaged:
        raise typer.Exit(1)


@app.command(epilog="Example: labelscope status --json")
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """What there is: tracks, coverage of playlists, the model in use, and what could not be used and why."""
    show_status(Settings(), as_json)
