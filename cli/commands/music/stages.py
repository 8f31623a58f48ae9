"""One stage at a time: `labelscope ingest`, `extract`, `retrain` and `maintain`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.output import screen, show
from cli.starting import flow_ready, require_reason, require_source
from config.settings import Settings
from flows.checks.requests import has_clips, require_something_to_learn
from flows.home.environment import open_database
from flows.home.folder import require_home

Crate = Annotated[
    Path | None,
    typer.Argument(
        metavar="DIR",
        help="A crate: a folder with one sub-folder of audio for each label. Without it, labels.toml is read.",
    ),
]
# The crate as an option, as it was before it could be an argument: scripts have it.
CrateOption = Annotated[Path | None, typer.Option("--folder", hidden=True)]


def one_crate(argument: Path | None, option: Path | None) -> Path | None:
    """The crate that was named, as an argument or an option. Raises BadParameter where both differ."""
    if argument and option and argument != option:
        raise typer.BadParameter(f"Two folders are named, {str(argument)!r} and {str(option)!r}: name one.")
    return argument or option


def ingest(crate: Crate = None, option: CrateOption = None) -> None:
    """Read the playlists of labels.toml into the database, with previews; or a crate's names, tags and checksums."""
    settings = Settings()
    folder = one_crate(crate, option)
    require_source(settings, folder)
    with flow_ready(settings, "flows.ingest.flow"):
        from flows.ingest.flow import ingest as flow

        ingested = flow(folder)
    show.ingested(ingested)
    if ingested.nothing_read:
        raise typer.Exit(1)


def extract(
    again: Annotated[bool, typer.Option("--again", help="Try all rejected clips once more.")] = False,
) -> None:
    """Compute spectrograms and audio features of all clips that have none yet."""
    settings = Settings()
    require_home(settings)
    # The database stays open to the end: otherwise PostgreSQL would stop and start in between.
    with open_database(settings) as engine:
        with engine.connect() as connection:
            is_empty = not has_clips(connection)
        if is_empty:
            screen.entry("extract", "there is no clip yet; `labelscope ingest` adds some")
            return
        with flow_ready(settings, "flows.extract.flow"):
            from flows.extract.flow import extract as flow

            show.extracted(flow(again))


def retrain(
    why: Annotated[str, typer.Option(help="The reason, kept with the training.")] = "a person's wish",
) -> None:
    """Train the network now. If it is better than the model in use, it replaces that one and scores all tracks."""
    settings = Settings()
    require_home(settings)
    require_reason(why)
    check = partial(require_something_to_learn, settings=settings)
    with flow_ready(settings, "flows.training.flow", check):
        from flows.predict.flow import predict
        from flows.training.flow import retrain as flow

        retrained = flow(why)
        show.retrained(retrained)
        if retrained.outcome == "promoted":
            show.predicted(predict())
    if retrained.outcome in ("refused", "busy", "not_allowed"):
        raise typer.Exit(1)


def maintain(
    repair: Annotated[bool, typer.Option("--repair", help="Repair the differences.")] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Read all files and all pages of the database in full.")
    ] = False,
) -> None:
    """Compare files and rows both ways; list, or repair, what is missing, damaged or orphaned."""
    settings = Settings()
    require_home(settings)
    with flow_ready(settings, "flows.maintain.flow"):
        from flows.maintain.flow import maintain as flow

        maintained = flow(repair, thorough)
    show.maintained(maintained)
    if (maintained.faults and not repair) or maintained.damaged:
        raise typer.Exit(1)
