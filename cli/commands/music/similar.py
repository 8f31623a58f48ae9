"""`labelscope similar` and `labelscope map`: neighbours of a track, and a map of all, by the model in use."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.commands.music import wishes
from cli.output.paths import PNG, require_place_for
from cli.output.rows import Format, write_json, write_rows
from config.settings import Settings
from db.roles import READER
from flows.checks.neighbours import require_neighbours
from flows.home.environment import contain_library_caches, open_database
from flows.home.folder import require_home
from flows.home.whole_file import write_output_file


def similar(
    like: Annotated[
        list[str],
        typer.Argument(
            metavar="TRACK|FILE", help="The name or id of a track, or an audio file; or several tracks."
        ),
    ],
    number: Annotated[int, typer.Option("--number", "-n", min=1, max=1000, help="How many neighbours.")] = 10,
    tempo: wishes.Tempo = None,
    key: wishes.Key = None,
    per_artist: wishes.PerArtist = None,
    without: wishes.Without = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """The tracks that sound most like a track, like the mean of several, or like an audio file, which is not stored.

    Distance is 0 for the same sound, and about 1 for nothing in common.
    """
    tempo_bpm = wishes.tempo_range(tempo)
    settings = Settings()
    require_home(settings)
    contain_library_caches(settings)
    from flows.similar.similar import Wishes, similar_to_all
    from flows.similar.similar import similar as search

    wanted = Wishes(tempo_bpm, key, per_artist, wishes.played(without))
    if len(like) == 1 and wanted == Wishes():
        neighbours = search(settings, like[0], number)
    else:
        neighbours = similar_to_all(settings, like, number, wanted)
    if neighbours.remark:
        typer.echo(neighbours.remark, err=True)
    if as_json:
        rows = [row._asdict() for row in neighbours.rows]
        write_json({"like": neighbours.of, "neighbours": rows})
        return
    columns = ("artists", "title", "label", "predicted", "distance")
    cells = [tuple(getattr(row, name) for name in columns) for row in neighbours.rows]
    write_rows(columns, cells, Format.TABLE)


def draw_map(
    picture: Annotated[Path, typer.Option(help="The PNG file to write; it replaces an existing one.")] = Path(
        "map.png"
    ),
    as_json: Annotated[
        bool,
        typer.Option("--json", help="For programs: coordinates and names of the tracks, and no picture."),
    ] = False,
) -> None:
    """Draw a map of the tracks: similar ones are close together, labels have colours. At most 4000, a random sample.

    Only distances between close tracks have a meaning; directions have none. Another model makes another map.
    """
    if not as_json:
        require_place_for(picture, PNG)
    settings = Settings()
    require_home(settings)
    contain_library_caches(settings)
    from flows.scoring.map import map_of, plot_tracks

    with open_database(settings, READER) as engine, engine.connect() as connection:
        require_neighbours(connection)
        tracks = map_of(connection)
        if as_json:
            write_json([asdict(track) for track in tracks])
            return
        write_output_file(picture, plot_tracks(connection, tracks))
    typer.echo(f"{len(tracks)} tracks are on {picture}.")
