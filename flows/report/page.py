"""The report as a file: what the database says, drawn by report/, written in one step."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from config.settings import Settings
from db import read
from db.engine import Lock, share_lock
from flows.batch.settle_track_states import settle
from flows.home.environment import open_database, spectrogram_folder
from flows.home.report_files import KEPT, forget_reports, report_folder
from flows.home.whole_file import write_for_people
from flows.scoring.map import map_of
from ml.features.spectrogram import Recipe, load_whole_spectrogram
from ml.models.architectures import MEMBERS
from ml.plots.palette import UNKNOWN, colour_of
from ml.plots.plots import frequency_ticks, spectrogram_picture
from report import bounds
from report.page import Page, render
from report.parts import Tile
from report.sections import confusion, coverage, curves, labels, mixes, sound, spectrograms, trainings
from report.sections import map as crate_map
from report.words import counted, moment, share, whole, within


@dataclass(frozen=True, slots=True)
class Written:
    """Where the report lies, how large it is, and what it says in short."""

    path: Path
    bytes: int
    lead: str
    sentences: tuple[str, ...]
    """The first one of each section."""


def write_report(settings: Settings, path: Path | None = None) -> Written:
    """Write the report, by default into the home under today's date.

    All of it is of one moment: a snapshot of the database. The file appears in one step, so that whoever opens it finds
    the one before or the whole of this one.
    """
    # With the lock no purge, which removes reports at its end, begins before this one is there.
    with open_database(settings) as engine, share_lock(engine, Lock.CONTENT):
        return _write(settings, read_page(engine, settings), path)


def _write(settings: Settings, page: Page, path: Path | None) -> Written:
    content = render(page).encode()
    target = path or report_folder(settings) / f"labelscope-{page.made_at:%Y-%m-%d}.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_for_people(target, content, private=path is None)
    if path is None:
        forget_reports(settings, KEPT)
    return Written(target, len(content), page.lead, tuple(section.sentences[0] for section in page.sections))


def read_page(engine: Engine, settings: Settings) -> Page:
    """What there is to show now."""
    settle(engine)
    snapshot = engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with snapshot as connection:
        return _page(connection, settings)


def _page(connection: Connection, settings: Settings) -> Page:
    counts, champion = read.problems.counts(connection), read.learning.champion(connection)
    largest = read.report.labels_by_tracks(connection)
    shown = [label.id for label in largest[: bounds.LABELS]]
    colours = {label.id: colour_of(label.place) for label in largest}
    training = read.report.training(connection, champion.training_run_id) if champion else None
    heard = read.report.spread_of_features(connection, shown, sound.PERCENTILES)
    by_name = {label.name: colours[label.id] for label in sorted(largest, key=lambda label: label.place)}
    heard_last, segments, mixes_heard = read.report.latest_mixes(connection, bounds.MIXES)
    sections = (
        coverage.section(
            read.problems.view(connection, "playlist_coverage"), read.problems.problems(connection)
        ),
        labels.section(read.problems.view(connection, "label_accuracy"), champion),
        confusion.section(
            read.problems.view(connection, "confusion_matrix"), read.problems.view(connection, "mistakes")
        ),
        curves.section(
            training.history if training else (),
            MEMBERS.get(training.architecture, ()) if training else (),
            training,
        ),
        trainings.section(read.problems.view(connection, "training_history")),
        sound.section(heard, colours, len(largest) - len(shown)),
        spectrograms.section(_sights(connection, settings, shown), len(largest)),
        crate_map.section(map_of(connection, bounds.POINTS), by_name, UNKNOWN, counts.tracks),
        mixes.section(heard_last, segments, colours, UNKNOWN, mixes_heard),
    )
    lead = _lead(counts, champion)
    return Page(datetime.now(UTC), lead, _tiles(counts, champion), sections, version("labelscope"))


def _lead(counts: Any, champion: Any) -> str:
    if not counts.tracks:
        return (
            "There is nothing here yet. labelscope demo shows the whole job on music that it makes itself;"
            " labelscope run --folder CRATE begins with yours, and labelscope run with the playlists of labels.toml."
        )
    said = f"{counted(counts.tracks, 'track')} of {counted(counts.labels, 'label')} are here"
    if champion is None:
        return f"{said}, and no model has learnt from them yet: labelscope run."
    return (
        f"{said}. Of tracks that it has not heard, the model in use recognises {share(champion.track_accuracy, 0)};"
        f" always naming the largest label would get {share(champion.majority, 0)}."
    )


def _tiles(counts: Any, champion: Any) -> tuple[Tile, ...]:
    if not counts.tracks:
        return ()
    waiting = f"{whole(counts.clips_waiting)} wait" if counts.clips_waiting else "none waits"
    tiles = (
        Tile("Tracks", whole(counts.tracks), f"in {counted(counts.playlists, 'playlist')}"),
        Tile("Labels", whole(counts.labels)),
        Tile("Clips ready", whole(counts.clips_ready), f"of {whole(counts.clips)}; {waiting}"),
    )
    if champion is None:
        return tiles
    return (
        *tiles,
        Tile(
            "Balanced accuracy",
            share(champion.balanced_accuracy),
            f"on held-out tracks{within(champion.ci_low, champion.ci_high)}",
        ),
        Tile("Classical baseline", share(champion.baseline_accuracy), "on the same tracks"),
        Tile("Model in use", whole(champion.model_id), f"since {moment(champion.promoted_at)}"),
    )


def _sights(connection: Connection, settings: Settings, label_ids: list[int]) -> list[spectrograms.Sight]:
    sights = []
    for row in read.report.clips_to_look_at(connection, label_ids):
        recipe = Recipe.from_dict(row.parameters)
        path = spectrogram_folder(settings, row.fingerprint) / row.path
        with suppress(OSError, ValueError):  # lost files are for `labelscope maintain`
            spectrogram = load_whole_spectrogram(path, row.frames, recipe.n_mels)
            sights.append(
                spectrograms.Sight(
                    row.label,
                    row.title,
                    row.artists,
                    row.confidence,
                    row.split,
                    row.offset_s,
                    row.frames * recipe.hop_length / recipe.sample_rate,
                    spectrogram_picture(spectrogram),
                    frequency_ticks(recipe),
                )
            )
    return sights
