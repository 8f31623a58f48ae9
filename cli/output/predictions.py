"""What tracks and files sound like: as a table for people, as CSV or JSON for programs."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import typer

from cli.output import screen
from cli.output.rows import Format, write_json, write_rows
from config.settings import Settings
from db import read
from db.read.tracks.predictions import NOT_LEARNT_FIRST, Suspect, TrackChoice, TrackPrediction
from flows.home.environment import open_database

if TYPE_CHECKING:  # it imports Keras
    from flows.scoring.files import ScoredFile

TRACK_COLUMNS: Final = ("id", "track", "label", "sounds like", "confidence", "next likely", "probability", "")
SUSPECT_COLUMNS: Final = ("id", "track", "label", "probability", "sounds like", "confidence")
FILE_COLUMNS: Final = ("file", "sounds like", "confidence", "next likely", "probability", "")
FILE_FIELDS: Final = ("path", "predicted", "confidence", "next_label", "next_probability", "learnt")
UNKNOWN: Final = "unknown"
SHOWN: Final = 20  # new tracks after a run
SUSPECTS: Final = (
    "Candidates to listen to, the surest first. Of tracks that the model was trained on, a classical baseline that was"
    " not tells."
)
LEARNT: Final = "Learnt: the model was trained on this very music, so its prediction proves nothing."


def new_tracks(settings: Settings, since: datetime) -> None:
    """What the tracks sound like that were first seen at this time or later: at most twenty, and how many more."""
    _print_some(settings, "New tracks", TrackChoice(since=since), "--new")


def scored_tracks(settings: Settings, since: datetime) -> None:
    """What the tracks sound like that were scored at this time or later: at most twenty, and how many more."""
    _print_some(settings, "Scored now", TrackChoice(scored_since=since))


def _print_some(settings: Settings, title: str, choice: TrackChoice, option: str = "") -> None:
    with open_database(settings) as engine, engine.connect() as connection:
        tracks = read.tracks.predictions.predicted_tracks(connection, choice, NOT_LEARNT_FIRST, SHOWN)
        more = read.tracks.predictions.count_predicted_tracks(connection, choice) - len(tracks)
    print_tracks(title, tracks)
    if more:
        typer.echo(f"and {more} more: `labelscope tracks{option and ' '}{option}` lists them.")


def print_tracks(title: str | None, tracks: Sequence[TrackPrediction]) -> None:
    """A line for each track, and what its notes mean."""
    screen.table(title, TRACK_COLUMNS, [_row(track) for track in tracks])
    if any(track.split == "train" for track in tracks):
        screen.paragraph(LEARNT)


def print_suspects(suspects: Sequence[Suspect]) -> None:
    """A line for each track that may be mislabelled, and what to make of it."""
    rows = [
        (
            track.track_id,
            _name(track),
            track.label,
            track.label_probability,
            track.predicted,
            track.confidence,
        )
        for track in suspects
    ]
    screen.table(None, SUSPECT_COLUMNS, rows)
    if rows:
        screen.paragraph(SUSPECTS)


def _name(track: TrackPrediction | Suspect) -> str:
    return f"{track.artists} – {track.title}" if track.artists else track.title


def _row(track: TrackPrediction) -> tuple[Any, ...]:
    is_known = track.predicted == track.nearest
    following = (track.next_label, track.next_probability) if is_known else (track.nearest, track.confidence)
    return (
        track.track_id,
        _name(track),
        track.label,
        track.predicted,
        track.confidence if is_known else None,
        *following,
        "learnt" if track.split == "train" else None,
    )


def print_scored_files(files: "Sequence[ScoredFile]", form: Format) -> None:
    """The files that have scores, one line each; JSON has all probabilities. Files of one name are shown by path."""
    scored = [file for file in files if file.ranking]
    if form is Format.JSON:
        write_json([_document(file) for file in scored])
    elif form is Format.CSV:
        write_rows(FILE_FIELDS, [(str(file.path), *_verdict(file), file.learnt) for file in scored], form)
    else:
        _print_files(scored)


def _print_files(files: "Sequence[ScoredFile]") -> None:
    names = Counter(file.path.name for file in files)
    rows = [
        (
            file.path.name if names[file.path.name] == 1 else str(file.path),
            *_verdict(file),
            "learnt" if file.learnt else None,
        )
        for file in files
    ]
    screen.table(None, FILE_COLUMNS, rows)
    if any(not file.known for file in files):
        screen.paragraph("Unknown: like none of the labels; the next likely one is the nearest.")
    if any(file.learnt for file in files):
        screen.paragraph(LEARNT)


def _verdict(file: "ScoredFile") -> tuple[Any, ...]:
    """Label, its probability, next label and its probability; of an unknown file the nearest label is the next one."""
    first, *others = file.ranking
    if not file.known:
        return UNKNOWN, None, *first
    return *first, *(others[0] if others else (None, None))


def _document(file: "ScoredFile") -> dict[str, Any]:
    label, confidence, *_ = _verdict(file)
    return {
        "path": str(file.path),
        "predicted": label,
        "confidence": confidence,
        "probabilities": dict(file.ranking),
        "learnt": file.learnt,
    }
