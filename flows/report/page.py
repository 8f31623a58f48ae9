"""Reads the database, renders the report and writes it to its file in one step."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection, Engine

from config.settings import Settings
from db import read
from db.engine import Lock, share_lock
from db.read.learning import Champion
from db.read.problems import Counts
from db.read.report import ShownClip
from flows.batch.refresh_track_states import refresh_track_states
from flows.home.environment import open_database, spectrogram_folder
from flows.home.report_files import KEPT, delete_old_reports, report_folder
from flows.home.whole_file import write_output_file
from flows.scoring.map import map_of
from ml.features.spectrogram import SpectrogramConfig, load_whole_spectrogram
from ml.models.architectures import MEMBERS
from ml.plots.palette import UNKNOWN, colour_of
from ml.plots.plots import frequency_ticks, plot_spectrogram
from report import bounds
from report.components import Section, Tile
from report.format import counted, integer, interval_note, percent, timestamp
from report.page import Page, render
from report.sections import (
    confusion,
    coverage,
    curves,
    labels,
    mixes,
    new_tracks,
    sound,
    spectrograms,
    trainings,
)
from report.sections import map as crate_map


@dataclass(frozen=True, slots=True)
class Written:
    """The path and size of a report, its lead, and a sentence of each section."""

    path: Path
    bytes: int
    lead: str
    sentences: tuple[str, ...]
    """The first one of each section."""


def write_report(settings: Settings, path: Path | None = None) -> Written:
    """Write the report, by default into the home under today's date.

    It is a snapshot of the database at one moment. The file is replaced in one step: readers see the previous report
    or the complete new one.
    """
    # The lock keeps a purge from starting before the file exists: a purge removes reports at its end.
    with open_database(settings) as engine, share_lock(engine, Lock.CONTENT):
        return _write(settings, read_page(engine, settings), path)


def _write(settings: Settings, page: Page, path: Path | None) -> Written:
    content = render(page).encode()
    target = path or report_folder(settings) / f"labelscope-{page.made_at:%Y-%m-%d}.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_output_file(target, content, private=path is None)
    if path is None:
        delete_old_reports(settings, KEPT)
    return Written(target, len(content), page.lead, tuple(section.sentences[0] for section in page.sections))


def read_page(engine: Engine, settings: Settings) -> Page:
    """The contents of the report, from one snapshot of the database."""
    refresh_track_states(engine)
    snapshot = engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with snapshot as connection:
        return _page(connection, settings)


def _page(connection: Connection, settings: Settings) -> Page:
    counts, champion = read.problems.counts(connection), read.learning.champion(connection)
    return Page(
        datetime.now(UTC),
        _lead(counts, champion),
        _tiles(counts, champion),
        (
            *_model_sections(connection, champion),
            *_label_sections(connection, settings, tracks=counts.tracks),
        ),
        version("labelscope"),
    )


def _model_sections(connection: Connection, champion: Champion | None) -> Iterator[Section]:
    """Coverage, new tracks, and the sections on the model in use and its trainings."""
    training = read.report.training(connection, champion.training_run_id) if champion else None
    mistakes = read.views.mistakes(connection)
    yield coverage.section(read.views.playlist_coverage(connection), read.problems.problems(connection))
    yield _new_tracks(connection)
    yield labels.section(read.views.label_accuracy(connection), champion)
    yield confusion.section(read.views.confusion_matrix(connection), mistakes)
    yield curves.section(
        training.history if training else (),
        MEMBERS.get(training.architecture, ()) if training else (),
        training,
    )
    yield trainings.section(read.views.training_history(connection))


def _new_tracks(connection: Connection) -> Section:
    tracks = read.tracks.predictions
    choice = tracks.TrackChoice(since=tracks.now(connection) - timedelta(days=new_tracks.DAYS))
    newest = tracks.predicted_tracks(connection, choice, tracks.NEWEST_FIRST, bounds.NEW_TRACKS)
    return new_tracks.section(newest, tracks.count_predicted_tracks(connection, choice))


def _label_sections(connection: Connection, settings: Settings, tracks: int) -> Iterator[Section]:
    """The sections that show labels in their colours. `tracks` is the number of all tracks."""
    largest = read.report.labels_by_tracks(connection)
    shown = [label.id for label in largest[: bounds.LABELS]]
    colours = {label.id: colour_of(label.place) for label in largest}
    colour_by_name = {
        label.name: colours[label.id] for label in sorted(largest, key=lambda label: label.place)
    }
    percentiles = read.report.spread_of_features(connection, shown, sound.PERCENTILES)
    yield sound.section(percentiles, colours, len(largest) - len(shown))
    yield spectrograms.section(_clip_images(connection, settings, shown), len(largest))
    yield crate_map.section(map_of(connection, bounds.POINTS), colour_by_name, UNKNOWN, tracks)
    latest, segments, total = read.report.latest_mixes(connection, bounds.MIXES)
    yield mixes.section(latest, segments, colours, UNKNOWN, total)


def _lead(counts: Counts, champion: Champion | None) -> str:
    if not counts.tracks:
        return (
            "There is nothing here yet. labelscope demo runs the whole pipeline on synthetic music;"
            " labelscope run DIR starts with yours, and labelscope run with the playlists of labels.toml."
        )
    summary = f"{counted(counts.tracks, 'track')} of {counted(counts.labels, 'label')}"
    if champion is None:
        return f"{summary}, and no model is trained yet: labelscope run."
    return (
        f"{summary}. The model in use recognises {percent(champion.track_accuracy, 0)} of held-out tracks;"
        f" always naming the largest label would get {percent(champion.majority, 0)}."
    )


def _tiles(counts: Counts, champion: Champion | None) -> tuple[Tile, ...]:
    if not counts.tracks:
        return ()
    waiting = f"{integer(counts.clips_waiting)} waiting" if counts.clips_waiting else "none waiting"
    tiles = (
        Tile("Tracks", integer(counts.tracks), f"in {counted(counts.playlists, 'playlist')}"),
        Tile("Labels", integer(counts.labels)),
        Tile("Clips ready", integer(counts.clips_ready), f"of {integer(counts.clips)}; {waiting}"),
    )
    if champion is None:
        return tiles
    return (
        *tiles,
        Tile(
            "Balanced accuracy",
            percent(champion.balanced_accuracy),
            f"on held-out tracks{interval_note(champion.ci_low, champion.ci_high)}",
        ),
        Tile("Classical baseline", percent(champion.baseline_accuracy), "on the same tracks"),
        Tile("Model in use", integer(champion.model_id), f"since {timestamp(champion.promoted_at)}"),
    )


def _clip_images(
    connection: Connection, settings: Settings, label_ids: list[int]
) -> list[spectrograms.ClipImage]:
    images = []
    for row in read.report.clips_to_look_at(connection, label_ids):
        # `labelscope maintain` reports lost files.
        with suppress(OSError, ValueError):
            images.append(_clip_image(settings, row))
    return images


def _clip_image(settings: Settings, row: ShownClip) -> spectrograms.ClipImage:
    """Raises OSError and ValueError where the spectrogram is lost or damaged."""
    config = SpectrogramConfig.from_dict(row.parameters)
    path = spectrogram_folder(settings, row.fingerprint) / row.path
    return spectrograms.ClipImage(
        label=row.label,
        title=row.title,
        artists=row.artists,
        confidence=row.confidence,
        split=row.split,
        offset_s=float(row.offset_s),
        duration_s=row.frames * config.hop_length / config.sample_rate,
        png=plot_spectrogram(load_whole_spectrogram(path, row.frames, config.n_mels)),
        frequency_ticks=frequency_ticks(config),
    )
