"""Check that files and rows agree, and end runs whose process has died."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from prefect import flow, get_run_logger
from prefect.states import Cancelled
from sqlalchemy import Connection, Engine

from config.settings import Settings
from db import write
from db.engine import Lock, try_lock
from flows.home.checked_files import is_intact
from flows.home.crashed_trainings import end_crashed_runs
from flows.home.download_inbox import INCOMING, clear_dead_inboxes, stored_clips
from flows.home.environment import audio_folder, connected, migrated_database, open_database
from flows.maintain.artifacts import create_maintenance_artifacts
from flows.maintain.damaged_pages import NOT_VERIFIED, damaged_pages, repair_indexes
from flows.prefect_tools.dead_runs import mark_dead_runs
from flows.prefect_tools.run_names import TAG, timed

FOLDERS: Final = ("audio", "spectrograms", "models")
NIGHTS: Final = 30
"""Every file is read in full once in so many nights."""
NEW_SECONDS: Final = 3600.0
"""A younger file without a row is no fault: its row may be committed soon."""

Fault = tuple[str, str, str]  # path, kind, fault
ListedFile = tuple[str, int, bool]  # path, bytes, whether it is new


@dataclass(frozen=True, slots=True)
class Maintained:
    """How many files were checked, what does not agree, and what was repaired."""

    files: int = 0
    read: int = 0  # of these files, read in full
    faults: tuple[Fault, ...] = ()
    outcomes: tuple[str, ...] = ()  # of a repair, a sentence for each kind
    died: int = 0  # trainings and evaluations whose process had died
    damaged: tuple[str, ...] = ()  # tables and indexes that are damaged after the repair, a sentence each


@flow(name="maintain", flow_run_name=timed("maintain"))
def maintain(repair: bool = False, thorough: bool = False) -> Maintained:
    """Compare the files of the home with the rows that name them, both ways.

    - **reads** the name and the size of every file, and a thirtieth of the files in full, another one each night
      (`thorough`: all of them). Their sha256 must be that of the row. `thorough` reads every page of the database, too.
    - **writes** missing, damaged and orphaned files into `file_faults`, and ends trainings and evaluations whose
      process has died.
    - With `repair`: damaged indexes are rebuilt, and orphaned files deleted. The next pipeline extracts lost
      spectrograms and fetches lost audio again. A champion whose file is lost is retired, so that a training is due.
    - While a run ingests content, or a backup saves it, this flow is cancelled: it would find that run's unfinished
      files.
    """
    settings = Settings()
    damaged, index_outcomes = _check_database(settings, repair) if thorough else ((), ())
    # With damaged rows, files cannot be judged.
    if damaged:
        create_maintenance_artifacts([*damaged, *index_outcomes], [])
        return Maintained(outcomes=index_outcomes, damaged=damaged)
    with open_database(settings) as engine, try_lock(engine, Lock.CONTENT) as locked:
        if not locked:
            # Prefect takes it for the state of the run; a caller gets CancelledRun.
            return Cancelled(
                message="A run is ingesting content, or a backup saves it: run this again when it has ended."
            )  # type: ignore[return-value]
        died = _end_dead_runs(engine, settings)
        files, read, faults = _compare_files(engine, settings.home, thorough)
        outcomes = [*index_outcomes, *(_repair(engine, settings.home, faults) if repair else [])]
    for path, _, fault in faults[:20]:
        get_run_logger().warning("%s: %s", fault, path)
    compared = f"{files} files were compared with their rows, {read} of them in full."
    create_maintenance_artifacts([compared, f"{len(faults)} do not agree.", *outcomes], faults)
    return Maintained(files, read, tuple(faults), tuple(outcomes), died)


def _check_database(settings: Settings, repair: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A sentence for each table and index that is damaged after the repair, and for each outcome of the repair."""
    with migrated_database(settings) as address, connected(address) as engine:
        damaged, verified = damaged_pages(engine)
        for relation in damaged:
            get_run_logger().error(relation.sentence)
        outcomes = repair_indexes(engine, damaged) if repair else []
        remaining = damaged_pages(engine)[0] if outcomes else damaged
    if not verified:
        get_run_logger().warning(NOT_VERIFIED)
    return tuple(relation.sentence for relation in remaining), tuple(outcomes)


def _end_dead_runs(engine: Engine, settings: Settings) -> int:
    """End what dead processes left unfinished; returns how many trainings and evaluations."""
    mark_dead_runs(TAG)
    crashed = end_crashed_runs(engine, settings)
    clear_dead_inboxes(audio_folder(settings), partial(stored_clips, engine))
    return crashed


def _compare_files(engine: Engine, home: Path, thorough: bool) -> tuple[int, int, list[Fault]]:
    """Save the faults of files. Returns how many files there are, how many were read in full, and the faults."""
    with engine.begin() as connection:
        files = list(_list_files(home))
        faults: list[Fault] = [
            (row.path, row.kind, row.fault) for row in write.files.compare(connection, files)
        ]
        read, damaged = _verify(connection, home, thorough, {path for path, _, _ in faults})
        faults += damaged
        write.files.keep_faults(connection, faults)
    return len(files), read, faults


def _list_files(home: Path) -> Iterator[ListedFile]:
    """Every file below the folders of the home, except downloads in progress; includes hidden half-written files."""
    old = time.time() - NEW_SECONDS
    for name in FOLDERS:
        for parent, folders, files in os.walk(home / name):
            if Path(parent) == home / "audio" and INCOMING in folders:
                folders.remove(INCOMING)
            for file in files:
                path = Path(parent, file)
                # A half-written file may be renamed just now.
                with suppress(FileNotFoundError):
                    status = path.stat()
                    yield path.relative_to(home).as_posix(), status.st_size, status.st_mtime > old


def _verify(connection: Connection, home: Path, thorough: bool, faulty: set[str]) -> tuple[int, list[Fault]]:
    """Read files in full, except `faulty` ones. Returns how many, and those whose sha256 is not that of their row."""
    share, of = (0, 1) if thorough else (datetime.now(UTC).toordinal() % NIGHTS, NIGHTS)
    read, damaged = 0, []
    for row in write.files.to_read(connection, share, of):
        if row.path in faulty:
            continue
        read += 1
        if not is_intact(home / row.path, row.sha256):
            damaged.append((row.path, row.kind, "damaged"))
    return read, damaged


def _repair(engine: Engine, home: Path, faults: Sequence[Fault]) -> list[str]:
    """Repair faults of files; returns a sentence for each kind of file.

    Files are deleted before the commit: if this process is killed in between, the next run finds the rows again.
    """
    cures: dict[str, tuple[Callable[[Connection, list[str]], object], str]] = {
        "spectrogram": (write.files.forget_spectrogram_files, "To be extracted again by the next pipeline."),
        "audio": (write.files.forget_audio_files, "To be fetched again by the next ingest."),
        "model": (
            write.files.retire_lost_champion,
            "To be restored from a backup; if the champion is lost, a training is due.",
        ),
    }
    outcomes = _delete_orphans(engine, home, [path for path, _, fault in faults if fault == "orphaned"])
    for kind, (cure, sentence) in cures.items():
        lost = [path for path, of_kind, fault in faults if of_kind == kind and fault != "orphaned"]
        if not lost:
            continue
        with engine.begin() as connection:
            # Nothing recreates a model file, so its fault stays open.
            if kind != "model":
                _delete_files(home, lost)
                write.files.end_faults(connection, lost, sentence)
            cure(connection, lost)
        outcomes.append(f"{_files_were(len(lost), kind)} lost or damaged. {sentence}")
    return outcomes


def _delete_orphans(engine: Engine, home: Path, orphans: list[str]) -> list[str]:
    with engine.begin() as connection:
        _delete_files(home, orphans)
        write.files.end_faults(connection, orphans, "Removed.")
    return [f"{_files_were(len(orphans), 'orphaned')} removed."] if orphans else []


def _delete_files(home: Path, paths: Sequence[str]) -> None:
    for path in paths:
        (home / path).unlink(missing_ok=True)


def _files_were(number: int, kind: str) -> str:
    return f"1 {kind} file was" if number == 1 else f"{number} {kind} files were"
