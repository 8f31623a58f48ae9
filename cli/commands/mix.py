"""`labelscope mix`: what long recordings sound like from when to when, and whether to listen."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Connection, Engine

from cli import screen
from cli.output_paths import PNG, require_place_for
from cli.rows import write_json
from cli.starting import no_file, started
from config.settings import Settings
from db import read
from db.write.mixes import reject_mix
from flows.checks.requests import require_champion, require_taste
from flows.home.environment import open_database
from flows.home.folder import require_home
from flows.home.whole_file import write_output_file
from flows.mix.summary import analysed_by, metric_lines


def mix(
    files: Annotated[list[Path], typer.Argument(help="Recordings of a minute or more, such as DJ sets.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="For programs: one document for all files.")
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", help="Draw the timeline of one recording into this PNG file."),
    ] = None,
) -> None:
    """Which labels a DJ set sounds like from when to when, and whether it suits the taste in labels.toml."""
    if picture is not None and len(files) > 1:
        raise typer.BadParameter("A picture is of one recording: name one file, or leave --picture out.")
    if picture is not None:
        require_place_for(picture, PNG)
    settings = Settings()
    require_home(settings)
    documents = {place: _no_file(file, *why) for place, file in enumerate(files) if (why := no_file(file))}
    if not as_json:
        for document in documents.values():
            screen.fail(document["detail"])
    try:
        if there := [place for place in range(len(files)) if place not in documents]:
            # Open to the end, or PostgreSQL would stop and start in between.
            with open_database(settings) as engine:
                there = _reject(engine, settings, files, there, as_json, documents)
                if there:
                    _hear_all(settings, files, there, as_json, picture, documents)
    finally:  # whatever ends it, Ctrl-C included: what was heard is told
        if as_json:
            in_order = [documents[place] for place in sorted(documents)]
            write_json({"mixes": in_order})
    if any(document["status"] == "rejected" for document in documents.values()):
        raise typer.Exit(1)


def _reject(
    engine: Engine,
    settings: Settings,
    files: Sequence[Path],
    there: Sequence[int],
    as_json: bool,
    documents: dict[int, dict[str, Any]],
) -> list[int]:
    """Leave a row, and a document, for each file that is no recording; returns the places of the others.

    Raises NoModelError, and ConfigurationError for a taste that cannot be followed.
    """
    from flows.mix.recording_file import as_text, fault_of, rejection  # not above: it brings NumPy along

    with engine.connect() as connection:
        require_champion(connection)
        require_taste(connection, settings)
    good = []
    for place in there:
        path = files[place].absolute()
        fault = fault_of(path)
        if fault is None:
            good.append(place)
            continue
        with engine.begin() as connection:
            mix_id = reject_mix(connection, rejection(path, *fault, flow_run_id=None))
        with engine.connect() as connection:
            documents[place] = {"file": as_text(files[place]), **_document(connection, mix_id, False)}
            if not as_json:
                _show(connection, mix_id, False)
    return good


def _hear_all(
    settings: Settings,
    files: Sequence[Path],
    there: Sequence[int],
    as_json: bool,
    picture: Path | None,
    documents: dict[int, dict[str, Any]],
) -> None:
    """Hear the files at these places one by one, and put what is to be told of each into `documents`."""
    with started(settings, "flows.mix.flow"), open_database(settings) as engine:
        from flows.mix.plot import plot_timeline
        from flows.mix.recording_file import as_text

        for place in there:
            file = files[place]
            mix_id, recognised = _hear(file)
            with engine.connect() as connection:
                documents[place] = {"file": as_text(file), **_document(connection, mix_id, recognised)}
                if not as_json:
                    _show(connection, mix_id, recognised)
                if picture is not None and documents[place]["status"] == "analysed":
                    write_output_file(picture, plot_timeline(connection, mix_id))
                    typer.echo(f"Its timeline is drawn in {picture}.", err=as_json)


def _no_file(file: Path, reason: str, sentence: str) -> dict[str, Any]:
    """What is told of a path at which there is no file, and of which nothing is kept therefore."""
    from flows.mix.recording_file import as_text

    path = as_text(file)
    told = {"path": path, "title": as_text(Path(file.stem)), "sha256": None, "status": "rejected"}
    return {"file": path, "mix_id": None, **told, "reason": reason, "detail": sentence}


def _hear(file: Path) -> tuple[int, bool]:
    """The row of a recording, also of one that cannot be used, and whether it was heard before."""
    from flows.mix.flow import MixRejected
    from flows.mix.flow import mix as flow
    from flows.mix.recording_file import as_parameter

    try:
        mixed = flow(as_parameter(file))
    except MixRejected as rejected:
        return rejected.mix_id, False
    return mixed.mix_id, mixed.recognised


def _document(connection: Connection, mix_id: int, recognised: bool) -> dict[str, Any]:
    """All that is told of a recording, as JSON can hold it."""
    row = read.mixes.mix(connection, mix_id)._asdict()
    if row["status"] == "rejected":
        told = ("path", "title", "sha256", "status", "reason", "detail")
        return {"mix_id": mix_id, **{name: row[name] for name in told}}
    shares = {one.name: one.share for one in read.mixes.shares(connection, mix_id)}
    segments = [segment._asdict() for segment in read.mixes.segments(connection, mix_id)]
    for segment in segments:
        segment["known"] = segment.pop("label_id") is not None  # a label may be called "unknown", too
    left_out = ("id", "reason", "detail", "flow_run_id")
    return {
        "mix_id": mix_id,
        **{name: value for name, value in row.items() if name not in left_out},
        "created_at": row["created_at"].isoformat(),
        "recognised": recognised,
        "shares": shares,
        "segments": segments,
    }


def _show(connection: Connection, mix_id: int, recognised: bool) -> None:
    """A recording's verdict with its reason, its segments and its figures; or why it has none, on stderr."""
    row = read.mixes.mix(connection, mix_id)
    if row.status == "rejected":
        screen.fail(row.detail)
        return
    screen.say(f"{row.title}: {row.verdict}")
    screen.say(row.verdict_reason)
    segments = read.mixes.segments(connection, mix_id)
    typer.echo()
    columns = ("from", "to", "sounds like", "confidence", "tempo")
    screen.table(None, columns, [tuple(segment)[: len(columns)] for segment in segments], whole=True)
    typer.echo()
    for line in (*metric_lines(row), analysed_by(row, recognised)):
        typer.echo(line)
    typer.echo()
