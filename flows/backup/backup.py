"""Save the database and the files that it names, so that both fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from common.files import DRAFT_SUFFIX
from config.settings import Settings
from db.engine import Lock, for_programs, share_lock
from db.read.files import named_files, schema_revision
from flows.backup.folder import (
    FILES,
    BackupError,
    Manifest,
    StoredFile,
    locked_folder,
    stored_path,
    write_manifest,
)
from flows.home.checked_files import DamagedFile, copy_checked, write_blocks
from flows.home.environment import audio_folder, connected, database_address
from flows.prefect_tools.progress import progress_bar
from services.postgres.dump import dump, require_dumpable
from services.postgres.server import postgres_server


@dataclass(frozen=True, slots=True)
class Saved:
    """What a backup came to."""

    files: int  # that it holds
    new: int  # of these, copied by this very backup
    problems: tuple[str, ...]  # a sentence for each file that is missing or damaged


def back_up(settings: Settings, folder: Path) -> Saved:
    """Save everything in the folder: a dump of the database, and each file that a row names once, by its content.

    The database is not migrated before, so that an update can follow a backup. Rows and files fit: the dump and the
    list of files are of one snapshot, and no purge runs before all are copied. A file that is missing or damaged is
    left out, and said. A login to Spotify, Prefect's history and a user's own audio are not part of a backup.

    Raises:
        BackupError: nothing could be saved; an earlier backup in the folder is as it was.
        ServiceError: there is no server, or pg_dump failed; likewise.
    """
    folder = folder.expanduser().absolute()
    if folder.resolve().is_relative_to(settings.home.resolve()):
        raise BackupError(f"{folder} lies in the home that is to be saved: name a folder on another disk.")
    with locked_folder(folder), database_address(settings) as address, connected(address) as engine:
        with share_lock(engine, Lock.CONTENT):
            schema, database, named = _save_rows(engine, settings, address, folder)
            new, lost = 0, dict[StoredFile, str]()
            with progress_bar("Saving files", len(named)) as advance:
                for file in named:
                    try:
                        new += copy_checked(
                            _source(settings, file), stored_path(folder, file.sha256), file.sha256
                        )
                    except DamagedFile as problem:
                        lost[file] = str(problem)
                    advance(1)
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        whole = tuple(file for file in named if file not in lost)
        write_manifest(folder, Manifest(made_at, schema, database, whole, tuple(lost)))
    return Saved(len(whole), new, tuple(lost.values()))


def _save_rows(
    engine: Engine, settings: Settings, address: str, folder: Path
) -> tuple[str, str, Sequence[StoredFile]]:
    """Dump the database; its schema, the sha256 of the dump, and the files that are named there."""
    binaries = postgres_server(settings.home).binaries
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        schema = schema_revision(connection)
        if schema is None:
            raise BackupError(
                "There is nothing to save: the database has no tables yet; check LABELSCOPE_HOME and DATABASE_URL."
            )
        require_dumpable(binaries, int(connection.scalar(text("SHOW server_version_num")) or 0))
        named = [StoredFile(row.path, row.sha256, row.bytes) for row in named_files(connection)]
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        draft = folder / FILES / f"database{DRAFT_SUFFIX}"
        sha256, _ = write_blocks(dump(binaries, *for_programs(address), str(snapshot)), draft)
    place = stored_path(folder, sha256)
    place.parent.mkdir(exist_ok=True)
    draft.replace(place)
    return schema, sha256, named


def _source(settings: Settings, file: StoredFile) -> Path:
    """Where a file of the home lies now: a download moves to its place only after its row is committed."""
    place = settings.home / file.path
    waiting = (audio_folder(settings) / "incoming").glob(f"*/{place.name}")
    return place if place.exists() else next(waiting, place)
