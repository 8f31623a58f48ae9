"""`labelscope mix`: which labels a long recording sounds like over time, and whether it suits your taste."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Connection, Engine

from cli.commands.music.forget_mixes import forget_mixes
from cli.output import screen
from cli.output.paths import PNG, require_place_for
from cli.output.rows import write_json
from cli.starting import flow_ready, path_problem
from config.settings import Settings
from db import read
from flows.checks.requests import require_champion, require_taste
from flows.home.environment import open_database
from flows.home.folder import require_home
from flows.home.whole_file import write_output_file
from flows.mix.description import described, is_uncertain, parts_of
from flows.mix.summary import analysed_by, length_and_tempo

Document = dict[str, Any]
REJECTED_KEYS = ("path", "title", "sha256", "status", "reason", "detail")
HIDDEN_KEYS = ("id", "reason", "detail", "flow_run_id")
SEGMENT_COLUMNS = ("from", "to", "sounds like", "confidence", "tempo")
UNCERTAIN = "uncertain"


@dataclass(slots=True)
class Request:
    """The files that somebody named, how to show them, and the JSON documents of those that are done."""

    settings: Settings
    files: Sequence[Path]
    as_json: bool
    picture: Path | None
    documents: dict[int, Document] = field(default_factory=dict)  # by the file's position in `files`


def mix(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Recordings of a minute or more, such as DJ sets.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="For programs: one document for all files.")
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", help="Draw the timeline of one recording into this PNG file."),
    ] = None,
    forget: Annotated[
        bool, typer.Option("--forget", help="Delete what is stored of these recordings; no file is touched.")
    ] = False,
) -> None:
    """Which labels a DJ set sounds like from when to when, how varied it is, and where the answer is uncertain.

    With a [taste] in labels.toml it also gives a verdict: listen, maybe or skip.
    """
    if forget:
        if as_json or picture is not None:
            raise typer.BadParameter("--forget prints no analysis: leave --json and --picture out.")
        forget_mixes(files)
        return
    if picture is not None and len(files) > 1:
        raise typer.BadParameter("A picture is of one recording: name one file, or leave --picture out.")
    if picture is not None:
        require_place_for(picture, PNG)
    settings = Settings()
    require_home(settings)
    request = Request(settings, files, as_json, picture)
    try:
        _answer(request)
    finally:  # Ctrl-C included: recordings that are done are shown
        if as_json:
            write_json({"mixes": [request.documents[position] for position in sorted(request.documents)]})
    if any(document["status"] == "rejected" for document in request.documents.values()):
        raise typer.Exit(1)


def _answer(request: Request) -> None:
    """Analyse and show the files one by one; files that are no recordings are shown first."""
    present = _reject_absent(request)
    if not present:
        return
    # The database stays open to the end: otherwise PostgreSQL would stop and start in between.
    with open_database(request.settings) as engine:
        if usable := _reject_unusable(request, engine, present):
            _analyse_all(request, usable)


def _reject_absent(request: Request) -> list[int]:
    """Make a document, and no row, for each path without a file; returns the positions of the others."""
    present = []
    for position, file in enumerate(request.files):
        if (problem := path_problem(file)) is None:
            present.append(position)
            continue
        document = request.documents[position] = _absent_document(file, *problem)
        if not request.as_json:
            screen.error(document["detail"])
    return present


def _reject_unusable(request: Request, engine: Engine, positions: Sequence[int]) -> list[int]:
    """Make a document and a row for each file that is no recording; returns the positions of the others.

    Raises NoModelError, and ConfigurationError for a taste that cannot be used.
    """
    from flows.mix.recording_file import fault_of, rejection  # not above: it imports NumPy

    with engine.connect() as connection:
        require_champion(connection)
        require_taste(connection, request.settings)
    usable = []
    for position in positions:
        path = request.files[position].absolute()
        fault = fault_of(path)
        if fault is None:
            usable.append(position)
            continue
        with engine.begin() as connection:
            from db.write.mixes import reject_mix  # not above: mapping the tables takes 0.7 s

            mix_id = reject_mix(connection, rejection(path, *fault, flow_run_id=None))
        with engine.connect() as connection:
            _show(request, connection, position, mix_id, recognised=False)
    return usable


def _analyse_all(request: Request, positions: Sequence[int]) -> None:
    """Analyse the files at these positions, show each at once, and draw the picture."""
    with flow_ready(request.settings, "flows.mix.flow"), open_database(request.settings) as engine:
        from flows.mix.plot import plot_timeline

        for position in positions:
            mix_id, recognised = _analyse(request.files[position])
            with engine.connect() as connection:
                document = _show(request, connection, position, mix_id, recognised=recognised)
                if request.picture is not None and document["status"] == "analysed":
                    write_output_file(request.picture, plot_timeline(connection, mix_id))
                    typer.echo(f"Its timeline is drawn in {request.picture}.", err=request.as_json)


def _analyse(file: Path) -> tuple[int, bool]:
    """The id of the recording's row, also where it is rejected, and whether it was analysed before."""
    from flows.mix.flow import MixRejected
    from flows.mix.flow import mix as flow
    from flows.mix.recording_file import as_parameter

    try:
        mixed = flow(as_parameter(file))
    except MixRejected as rejected:
        return rejected.mix_id, False
    return mixed.mix_id, mixed.recognised


def _show(
    request: Request, connection: Connection, position: int, mix_id: int, *, recognised: bool
) -> Document:
    """Keep the document of a recording, and print the recording where people read; returns the document."""
    from flows.mix.recording_file import as_text

    file = as_text(request.files[position])
    document = {"file": file, **_document(connection, mix_id, recognised)}
    request.documents[position] = document
    if not request.as_json:
        _print(connection, mix_id, recognised)
    return document


def _absent_document(file: Path, reason: str, sentence: str) -> Document:
    """The document of a path without a file; such a recording gets no row."""
    from flows.mix.recording_file import as_text

    path = as_text(file)
    return {
        "file": path,
        "mix_id": None,
        "path": path,
        "title": as_text(Path(file.stem)),
        "sha256": None,
        "status": "rejected",
        "reason": reason,
        "detail": sentence,
    }


def _document(connection: Connection, mix_id: int, recognised: bool) -> Document:
    """All that is stored of a recording, as JSON can hold it."""
    row = read.mixes.mix(connection, mix_id)._asdict()
    if row["status"] == "rejected":
        return {"mix_id": mix_id, **{name: row[name] for name in REJECTED_KEYS}}
    segment_rows = read.mixes.segments(connection, mix_id)
    shares = {label.name: label.share for label in read.mixes.shares(connection, mix_id)}
    segments = [segment._asdict() for segment in segment_rows]
    for segment in segments:
        segment["known"] = segment.pop("label_id") is not None  # a label may be called "unknown", too
    return {
        "mix_id": mix_id,
        **{name: value for name, value in row.items() if name not in HIDDEN_KEYS},
        "created_at": row["created_at"].isoformat(),
        "recognised": recognised,
        "description": " ".join(described(parts_of(segment_rows))),
        "shares": shares,
        "segments": segments,
    }


def _print(connection: Connection, mix_id: int, recognised: bool) -> None:
    """Print the description, the verdict by the taste and the segments; or on stderr why there are none."""
    row = read.mixes.mix(connection, mix_id)
    if row.status == "rejected":
        screen.error(row.detail)
        return
    segments = read.mixes.segments(connection, mix_id)
    screen.paragraph(f"{row.title}: {row.verdict}" if row.verdict else row.title)
    screen.paragraph(" ".join(described(parts_of(segments))))
    if row.verdict_reason:
        screen.paragraph(row.verdict_reason)
    typer.echo()
    columns: Sequence[str] = SEGMENT_COLUMNS
    cells: list[tuple[object, ...]] = [tuple(segment)[: len(SEGMENT_COLUMNS)] for segment in segments]
    if any(is_uncertain(segment.confidence) for segment in segments):
        columns = (*SEGMENT_COLUMNS, "note")
        notes = (UNCERTAIN if is_uncertain(segment.confidence) else "" for segment in segments)
        cells = [(*cell, note) for cell, note in zip(cells, notes, strict=True)]
    screen.table(None, columns, cells)
    typer.echo()
    for line in (length_and_tempo(row), analysed_by(row, recognised)):
        typer.echo(line)
    typer.echo()
