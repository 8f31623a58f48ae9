"""`labelscope export`: playlists for DJ programs and players, a mix's timeline, and views as CSV."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection, Engine

from cli.commands.music import wishes
from config.settings import Settings
from db.read.exports import PlaylistRow
from db.roles import READER
from flows.export.errors import ExportError
from flows.home.environment import contain_library_caches, open_database
from flows.home.folder import require_home
from flows.home.whole_file import write_output_file

TIMEOUT_SECONDS = 600


def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write; its ending is the format.")
    ],
    label: Annotated[str | None, typer.Option(help="Tracks predicted as this label.")] = None,
    unknown: Annotated[bool, typer.Option("--unknown", help="Tracks like no label.")] = False,
    like: Annotated[
        list[str] | None,
        typer.Option(metavar="TRACK", help="Neighbours of a track; repeat it for the mean of several."),
    ] = None,
    sql: Annotated[str | None, typer.Option(help="Tracks whose ids are the first column.")] = None,
    journey: Annotated[
        bool, typer.Option("--journey", help="Order: from each track to the nearest that is left.")
    ] = False,
    tempo: wishes.Tempo = None,
    key: wishes.Key = None,
    per_artist: wishes.PerArtist = None,
    without: wishes.Without = None,
    limit: Annotated[
        int | None, typer.Option(min=1, max=100_000, help="At most so many tracks; 50 for --like.")
    ] = None,
    mix: Annotated[
        str | None, typer.Option(metavar="ID|FILE", help="The timeline of an analysed mix.")
    ] = None,
    view: Annotated[str | None, typer.Option(help="All rows of a view or table.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that Labelscope did not write.")
    ] = False,
) -> None:
    """Write a playlist (.m3u8, .xml for Rekordbox), a mix's timeline (.cue, .txt for Audacity, .json, .md) or a .csv.

    Give one of --label, --unknown, --like, --sql, --mix and --view.
    """
    given = (label is not None, unknown, bool(like), sql is not None, mix is not None, view is not None)
    if sum(given) != 1:
        raise typer.BadParameter("Give one of --label, --unknown, --like, --sql, --mix and --view.")
    from flows.export.place import require_place
    from flows.export.playlist import PLAYLISTS, TIMELINES

    is_playlist = mix is None and view is None
    endings = PLAYLISTS if is_playlist else tuple(TIMELINES) if mix is not None else (".csv",)
    if file.suffix.lower() not in endings:
        raise typer.BadParameter(f"{file.name} must end in {' or '.join(endings)}.")
    if not is_playlist and (journey or tempo or key or per_artist or without or limit):
        raise typer.BadParameter("--mix and --view take no filters, --limit or --journey.")
    tempo_bpm = wishes.tempo_range(tempo)
    require_place(file, force)
    settings = Settings()
    require_home(settings)
    contain_library_caches(settings)
    with open_database(settings, READER) as engine:
        if view is not None:
            from flows.export.view import write_view

            typer.echo(f"{write_view(engine, view, file, TIMEOUT_SECONDS)} rows of {view} are in {file}.")
            return
        if mix is not None:
            _write_timeline(engine, mix, file)
            return
        sql_ids = None if sql is None else _ids_by_sql(engine, sql)
        with engine.connect() as connection:
            from flows.scoring.choice import Filters, filtered, keys_of
            from flows.scoring.choice import journey as in_journey

            seeds = _seeds(connection, like or [])
            rows_of_seeds = filtered(connection, seeds, Filters(), len(seeds))
            filters = Filters(
                tempo_bpm,
                None if key is None else keys_of(key, rows_of_seeds),
                per_artist,
                wishes.played(without),
            )
            ids = sql_ids if sql_ids is not None else _ids(connection, label, unknown, seeds)
            rows = filtered(connection, ids, filters, limit or (50 if like else 100_000))
            if journey:
                rows = in_journey(connection, [*rows_of_seeds, *rows])[:limit]
        _write_playlist(rows, file)


def _seeds(connection: Connection, names: list[str]) -> list[int]:
    """Ids of the tracks of these names; remarks about inexact names are on stderr."""
    if not names:
        return []
    from flows.checks.neighbours import require_neighbours
    from flows.scoring.named_tracks import track_called

    require_neighbours(connection)
    seeds = [track_called(connection, name) for name in names]
    for _, remark in seeds:
        if remark:
            typer.echo(remark, err=True)
    return [track.track_id for track, _ in seeds]


def _ids(connection: Connection, label: str | None, unknown: bool, seeds: list[int]) -> Iterable[int]:
    from db import read

    if seeds:
        mean = read.exports.mean_embedding(connection, seeds)
        return () if mean is None else read.exports.nearest_track_ids(connection, mean, seeds)
    choice = read.tracks.predictions.TrackChoice(predicted="unknown" if unknown else label)
    tracks = read.tracks.predictions.predicted_tracks(
        connection, choice, "confidence DESC, track_id", 1_000_000
    )
    if not tracks:
        raise ExportError(
            f"No track is predicted as {choice.predicted!r}: `labelscope status` lists labels, and `labelscope predict`"
            " scores new tracks."
        )
    return [track.track_id for track in tracks]


def _ids_by_sql(engine: Engine, query: str) -> list[int]:
    from db.engine import read_only
    from flows.home.postgres_errors import query_errors

    with (
        query_errors(query, TIMEOUT_SECONDS, "its limits"),
        read_only(engine, query, TIMEOUT_SECONDS, 1_000_000) as answer,
    ):
        first = [row[0] for row in answer.rows]
    if not all(isinstance(value, int) for value in first):
        raise ExportError("The first column of --sql must be ids of tracks: SELECT track_id FROM …")
    return first


def _write_playlist(rows: list[PlaylistRow], file: Path) -> None:
    from flows.export.playlist import playlist, playlist_tracks

    tracks = playlist_tracks(rows)
    if not tracks:
        raise ExportError("No track with a local file passes; nothing is written: widen the filters.")
    write_output_file(file, playlist(tracks, file))
    missing = [row for row in rows if row.uri is None]
    if missing:
        names = "; ".join(row.title for row in missing[:4])
        typer.echo(f"{len(missing)} tracks have no local file and are left out, such as {names}.", err=True)
    typer.echo(f"{len(tracks)} tracks are in {file}.")


def _write_timeline(engine: Engine, mix: str, file: Path) -> None:
    from flows.export.playlist import TIMELINES, timeline_of

    with engine.connect() as connection:
        timeline = timeline_of(connection, mix)
    write_output_file(file, TIMELINES[file.suffix.lower()](timeline))
    typer.echo(f"{len(timeline.segments)} segments of {timeline.title} are in {file}.")
