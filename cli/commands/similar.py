"""`labelscope similar` and `labelscope map`: what sounds alike, to the model in use."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.output_paths import PNG, require_place_for
from cli.rows import Format, write_json, write_rows
from config.settings import Settings
from db.roles import READER
from flows.home.environment import contain_library_caches, open_database
from flows.home.folder import require_home
from flows.home.whole_file import write_output_file


def similar(
    like: Annotated[
        str, typer.Argument(metavar="'ARTIST - TITLE' | FILE", help="A track, or an audio file.")
    ],
    number: Annotated[int, typer.Option(min=1, max=1000, help="How many neighbours.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """The tracks that sound most like a track, or like an audio file, which is not stored.

    Distance is 0 for the same sound, and about 1 for nothing in common.
    """
    settings = Settings()
    require_home(settings)
    contain_library_caches(settings)
    from flows.similar.similar import similar as found_by

    found = found_by(settings, like, number)
    if found.remark:
        typer.echo(found.remark, err=True)
    if as_json:
        rows = [row._asdict() for row in found.rows]
        write_json({"like": found.of, "neighbours": rows})
        return
    columns = ("artists", "title", "label", "predicted", "distance")
    write_rows(columns, [tuple(getattr(row, name) for name in columns) for row in found.rows], Format.TABLE)


def draw_map(
    picture: Annotated[Path, typer.Option(help="The PNG to write; one that is there is replaced.")] = Path(
        "map.png"
    ),
    as_json: Annotated[
        bool, typer.Option("--json", help="Places and names of the tracks for programs, and no picture.")
    ] = False,
) -> None:
    """Draw the crate: tracks that sound alike lie together, labels in colours. Of many tracks, 4000 are drawn by lot.

    Nothing but nearness means anything. Another model makes another map.
    """
    if not as_json:
        require_place_for(picture, PNG)
    settings = Settings()
    require_home(settings)
    contain_library_caches(settings)
    from flows.scoring.map import map_of, plot_tracks
    from flows.similar.similar import require_neighbours

    with open_database(settings, READER) as engine, engine.connect() as connection:
        require_neighbours(connection)
        tracks = map_of(connection)
        if as_json:
            write_json([asdict(track) for track in tracks])
            return
        write_output_file(picture, plot_tracks(connection, tracks))
    typer.echo(f"{len(tracks)} tracks are on {picture}.")
