"""`labelscope tracks`: tracks and what they sound like, chosen by label, prediction or name."""

from datetime import timedelta
from typing import Annotated, Final

import typer
from sqlalchemy import Connection

from cli.output.predictions import UNKNOWN, print_suspects, print_tracks
from cli.output.rows import Format, write_rows
from common.text import slug_of
from config.settings import Settings
from db import read
from db.read.tracks.predictions import LEAST_SURE_FIRST, NEWEST_FIRST, Suspect, TrackChoice, TrackPrediction
from db.roles import READER
from flows.checks.requests import require_champion
from flows.home.environment import open_database
from flows.home.folder import require_home

WEEK: Final = timedelta(days=7)
MATCHES: Final = 500  # tracks that a search finds at most


def tracks(
    label: Annotated[str | None, typer.Option(help="Only tracks of this label.")] = None,
    predicted: Annotated[str | None, typer.Option(help="Only tracks that sound like this label.")] = None,
    unknown: Annotated[bool, typer.Option("--unknown", help="Only tracks like none of the labels.")] = False,
    new: Annotated[
        bool, typer.Option("--new", help="Only tracks first seen in the last seven days.")
    ] = False,
    misfiled: Annotated[
        bool, typer.Option("--misfiled", help="Only tracks that may have the wrong label, the surest first.")
    ] = False,
    search: Annotated[
        str | None, typer.Option(help="Only tracks with these words in artists or title.")
    ] = None,
    least_sure: Annotated[bool, typer.Option("--least-sure", help="The least confident first.")] = False,
    number: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many tracks at most.")] = 20,
    form: Annotated[Format, typer.Option("--format", help="For people or for programs.")] = Format.TABLE,
) -> None:
    """Tracks and the labels that they sound like, the newest first. Several options narrow the list together."""
    if misfiled and (unknown or least_sure):
        raise typer.BadParameter("--misfiled has an order of its own; leave --unknown and --least-sure out.")
    if unknown and predicted:
        raise typer.BadParameter("--unknown and --predicted exclude each other; leave one out.")
    settings = Settings()
    require_home(settings)
    with open_database(settings, READER) as engine, engine.connect() as connection:
        require_champion(connection)
        choice = TrackChoice(
            label=label and _label_name(connection, label),
            predicted=UNKNOWN if unknown else predicted and _label_name(connection, predicted),
            since=read.tracks.predictions.now(connection) - WEEK if new else None,
            track_ids=None if search is None else _track_ids(connection, search),
        )
        if misfiled:
            _list_suspects(connection, choice, number, form)
        else:
            order = LEAST_SURE_FIRST if least_sure else NEWEST_FIRST
            _list_tracks(connection, choice, order, number, form)


def _list_tracks(connection: Connection, choice: TrackChoice, order: str, number: int, form: Format) -> None:
    found = read.tracks.predictions.predicted_tracks(connection, choice, order, number)
    if form is Format.TABLE:
        print_tracks(None, found)
        _say_how_many(len(found), read.tracks.predictions.count_predicted_tracks(connection, choice))
    else:
        write_rows(TrackPrediction._fields, found, form)


def _list_suspects(connection: Connection, choice: TrackChoice, number: int, form: Format) -> None:
    found = read.tracks.predictions.suspects(connection, choice, number)
    if form is Format.TABLE:
        print_suspects(found)
        _say_how_many(len(found), read.tracks.predictions.count_suspects(connection, choice))
    else:
        write_rows(Suspect._fields, found, form)


def _say_how_many(shown: int, total: int) -> None:
    if shown < total:
        typer.echo(f"{shown} of {total} tracks; --number {total} shows all.")
    elif not total:
        typer.echo("No track with a prediction fits.")


def _label_name(connection: Connection, given: str) -> str:
    """The name of a label as stored, for its name or slug in any case. Raises BadParameter with the labels."""
    names = {label.slug: label.name for label in read.learning.labels(connection)}
    if (name := names.get(slug_of(given))) is None:
        raise typer.BadParameter(
            f"There is no label {given!r}; there are {', '.join(sorted(names.values()))}."
        )
    return name


def _track_ids(connection: Connection, words: str) -> list[int]:
    """The tracks whose artists and title hold all these words."""
    found = read.tracks.names.tracks_called(connection, words, MATCHES)
    return [
        match.track_id for match in found if match.exact or (match.wanted and match.words == match.wanted)
    ]
