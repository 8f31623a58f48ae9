"""See that files and rows agree, and that nothing stays unfinished that has died."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

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
from flows.maintain.damaged_pages import NOT_COMPARED, damaged_pages, repair_indexes
from flows.prefect_tools.dead_runs import mark_dead_runs
from flows.prefect_tools.run_names import TAG

FOLDERS: Final = ("audio", "spectrograms", "models")
NIGHTS: Final = 30  # in which every file is read in full once
NEW_SECONDS: Final = 3600.0  # a file without a row is left alone for so long: its row may be still to come

Fault = tuple[str, str, str]  # path, kind, fault


@dataclass(frozen=True, slots=True)
class Maintained:
    """How many files were looked at and read in full, what does not agree, and what was done about it."""

    files: int = 0
    read: int = 0
    faults: tuple[Fault, ...] = ()
    outcomes: tuple[str, ...] = ()  # of a repair, a sentence for each kind
    died: int = 0  # trainings and evaluations whose process had died without saying so
    damaged: tuple[str, ...] = ()  # tables and indexes that still are, even after a repair, a sentence each


@flow(name="maintain")
def maintain(repair: bool = False, thorough: bool = False) -> Maintained:
    """Compare the files of the home with the rows that name them, both ways.

    - **reads** the name and the size of every file, and a thirtieth of the files in full, another one each night
      (`thorough`: all of them); their sha256 must be that of the row. `thorough` reads every page of the database, too.
    - **writes** what is missing, damaged or orphaned into `file_faults`; ends trainings and evaluations whose process
      has died.
    - With `repair`: damaged indexes are made anew; orphans are removed, lost spectrograms are extracted again and lost
      audio is fetched again by the next pipeline; a champion whose file is lost is taken out of use, so that a
      training is due.
    - While a run brings content in, or a backup saves it, it does not start: half of what it would find were that
      run's work.
    """
    settings = Settings()
    damaged, mended = _read_database(settings, repair) if thorough else ((), ())
    if damaged:  # damaged rows prove nothing about files
        create_maintenance_artifacts([*damaged, *mended], [])
        return Maintained(outcomes=mended, damaged=damaged)
    with open_database(settings) as engine, try_lock(engine, Lock.CONTENT) as alone:
        if not alone:
            # Prefect takes it for the state of the run; a caller gets CancelledRun.
            return Cancelled(
                message="A run is bringing content in, or a backup saves it; look when it has ended."
            )  # type: ignore[return-value]
        mark_dead_runs(TAG)
        died = end_crashed_runs(engine, settings)
        clear_dead_inboxes(audio_folder(settings), partial(stored_clips, engine))
        with engine.begin() as connection:
            found = list(_files(settings.home))
            faults: list[Fault] = [tuple(row) for row in write.files.compare(connection, found)]
            known = {path for path, _, _ in faults}
            read, changed = _read(connection, settings.home, thorough, known)
            faults += changed
            write.files.keep_faults(connection, faults)
        outcomes = [*mended, *(_mend(engine, settings.home, faults) if repair else [])]
    for path, _, fault in faults[:20]:
        get_run_logger().warning("%s: %s", fault, path)
    looked = f"{len(found)} files were compared with their rows, {read} of them in full."
    create_maintenance_artifacts([looked, f"{len(faults)} do not agree.", *outcomes], faults)
    return Maintained(len(found), read, tuple(faults), tuple(outcomes), died)


def _read_database(settings: Settings, repair: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sentences on tables and indexes that are damaged, after the repair if there was one, and on what that did."""
    with migrated_database(settings) as address, connected(address) as engine:
        damaged, compared = damaged_pages(engine)
        for each in damaged:
            get_run_logger().error(each.sentence)
        outcomes = repair_indexes(engine, damaged) if repair else []
        left = damaged_pages(engine)[0] if outcomes else damaged
    if not compared:
        get_run_logger().warning(NOT_COMPARED)
    return tuple(each.sentence for each in left), tuple(outcomes)


def _files(home: Path) -> Iterator[tuple[str, int, bool]]:
    """Path, bytes, and whether it is new, of every file; half-written ones, which are hidden, included."""
    old = time.time() - NEW_SECONDS
    for folder in FOLDERS:
        for here, folders, names in os.walk(home / folder):
            if Path(here) == home / "audio" and INCOMING in folders:
                folders.remove(INCOMING)
            for name in names:
                path = Path(here, name)
                with suppress(FileNotFoundError):  # a half-written file may get its name just now
                    status = path.stat()
                    yield path.relative_to(home).as_posix(), status.st_size, status.st_mtime > old


def _read(connection: Connection, home: Path, thorough: bool, known: set[str]) -> tuple[int, list[Fault]]:
    """How many files were read in full, and those whose sha256 is not that of their row."""
    share, of = (0, 1) if thorough else (datetime.now(UTC).toordinal() % NIGHTS, NIGHTS)
    read, damaged = 0, []
    for row in write.files.to_read(connection, share, of):
        if row.path in known:
            continue
        read += 1
        if not is_intact(home / row.path, row.sha256):
            damaged.append((row.path, row.kind, "damaged"))
    return read, damaged


def _mend(engine: Engine, home: Path, faults: Sequence[Fault]) -> list[str]:
    """Files go before the commit: whoever is killed in between finds the rows again, and goes on."""
    cures: dict[str, tuple[Callable[[Connection, list[str]], Any], str]] = {
        "spectrogram": (write.files.forget_spectrogram_files, "To be extracted again by the next pipeline."),
        "audio": (write.files.forget_audio_files, "To be fetched again by the next ingest."),
        "model": (
            write.files.retire_lost_champion,
            "To be restored from a backup; where one was in use, a training is due.",
        ),
    }
    outcomes = []
    orphans = [path for path, _, fault in faults if fault == "orphaned"]
    with engine.begin() as connection:
        for path in orphans:
            (home / path).unlink(missing_ok=True)
        write.files.end_faults(connection, orphans, "Removed.")
    if orphans:
        outcomes.append(f"{_files_were(len(orphans), 'orphaned')} removed.")
    for kind, (cure, sentence) in cures.items():
        lost = [path for path, of_kind, fault in faults if of_kind == kind and fault != "orphaned"]
        if not lost:
            continue
        with engine.begin() as connection:
            if kind != "model":  # which nothing brings back, so that its fault stands
                for path in lost:
                    (home / path).unlink(missing_ok=True)
                write.files.end_faults(connection, lost, sentence)
            cure(connection, lost)
        outcomes.append(f"{_files_were(len(lost), kind)} lost or damaged. {sentence}")
    return outcomes


def _files_were(number: int, kind: str) -> str:
    return f"1 {kind} file was" if number == 1 else f"{number} {kind} files were"
