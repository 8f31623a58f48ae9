"""`labelscope crates`: the folders of music in this home; follow a move, or forget one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from sqlalchemy import Connection

from cli.output import screen
from cli.output.rows import Format, write_rows
from config.settings import Settings
from db import read
from db.engine import Lock, hold_lock
from db.read.crates import Crate
from flows.home.environment import open_database
from flows.home.folder import require_home
from sources.records import path_of

COLUMNS: Final = ("path", "labels", "tracks", "last_ingest", "folder")
WAIT_SECONDS: Final = 20  # for a run in progress

app = typer.Typer(help="The crates of this home, with their paths; follow a move, or forget one.")


@app.callback(invoke_without_command=True)
def crates(
    context: typer.Context,
    form: Annotated[Format, typer.Option("--format", help="For people or for programs.")] = Format.TABLE,
) -> None:
    """The crates of this home, with their paths; follow a move, or forget one."""
    if context.invoked_subcommand is not None:
        return
    settings = Settings()
    require_home(settings)
    with open_database(settings) as engine, engine.connect() as connection:
        found = read.crates.crates(connection)
    rows = [_row(crate, settings) for crate in found]
    if form is not Format.TABLE:
        write_rows(COLUMNS, rows, form)
    elif rows:
        screen.table(None, COLUMNS, rows)
    else:
        screen.paragraph("No crate yet: `labelscope run DIR` reads one.")


@app.command(epilog="Examples: labelscope crates move /mnt/old/crate ~/Music/crate")
def move(
    old: Annotated[
        Path, typer.Argument(metavar="OLD", help="Path of a crate, as `labelscope crates` lists it.")
    ],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The folder that it was moved to.")],
) -> None:
    """Follow the move of a crate: its tracks keep their labels, splits and predictions. No file is touched."""
    from db.write.playlists import move_crate  # not above: mapping the tables takes 0.7 s
    from sources.files.crate import label_folders  # not above: it imports NumPy

    label_folders(new)
    new = new.expanduser().resolve()
    with _changing() as connection:
        crate = _crate_at(connection, old)
        if new.as_uri() in {other.uri for other in read.crates.crates(connection)}:
            raise typer.BadParameter(
                f"'{new}' is a crate of this home already; `labelscope crates forget` removes the other one."
            )
        move_crate(connection, crate.uri, new.as_uri())
    typer.echo(f"The crate is at {new} now; `labelscope run` with this folder reads it.")


@app.command(epilog="Examples: labelscope crates forget /mnt/old/crate")
def forget(
    path: Annotated[
        Path, typer.Argument(metavar="DIR", help="Path of a crate, as `labelscope crates` lists it.")
    ],
) -> None:
    """Forget a crate: its tracks leave all counts and trainings, and the view removed_tracks lists them.

    No file is touched. A later run on this folder brings everything back.
    """
    from db.write.playlists import close_absent_playlists  # not above: mapping the tables takes 0.7 s

    with _changing() as connection:
        crate = _crate_at(connection, path)
        removed = close_absent_playlists(connection, crate.uri, [])
    typer.echo(f"The crate {path_of(crate.uri)} is forgotten: {removed} tracks have left it.")


@contextmanager
def _changing() -> Iterator[Connection]:
    """A transaction that waits for runs in progress, and keeps others out."""
    settings = Settings()
    require_home(settings)
    with (
        open_database(settings) as engine,
        hold_lock(engine, Lock.CONTENT, WAIT_SECONDS),
        engine.begin() as connection,
    ):
        yield connection


def _crate_at(connection: Connection, path: Path) -> Crate:
    """The crate with this path. Raises BadParameter with the crates that there are."""
    found = read.crates.crates(connection)
    wanted = {place.as_uri() for place in (path.expanduser().absolute(), path.expanduser().resolve())}
    for crate in found:
        if crate.uri in wanted:
            return crate
    there_are = ", ".join(f"'{path_of(crate.uri)}'" for crate in found)
    raise typer.BadParameter(
        f"There is no crate '{path}' in this home; there is {there_are}."
        if found
        else f"There is no crate '{path}', nor any other in this home; `labelscope run DIR` reads one."
    )


def _row(crate: Crate, settings: Settings) -> tuple[str, int, int, str, str]:
    path = path_of(crate.uri)
    last = screen.local(crate.last_seen_at, settings.timezone)
    return (
        str(path),
        crate.labels,
        crate.tracks,
        f"{last:%Y-%m-%d %H:%M}",
        "there" if path.is_dir() else "gone",
    )
