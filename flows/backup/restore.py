"""Put a backup into a home and a database in which there is nothing yet."""

from pathlib import Path

from sqlalchemy import text

from common.files import DRAFT_SUFFIX
from config.settings import Settings
from db.engine import Lock, for_programs, hold_lock
from db.migrate import is_known
from db.read.files import is_empty
from flows.backup.folder import SAVED_FOLDERS, BackupError, Manifest, is_inside, read_manifest, stored_path
from flows.home.checked_files import copy_checked, is_intact
from flows.home.environment import connected, database_address, migrated_database
from flows.prefect_tools.progress import progress_bar
from services.postgres.dump import restore as fill
from services.postgres.server import postgres_server


def restore(settings: Settings, folder: Path) -> Manifest:
    """Restore the backup in the folder, and bring its database to the schema of this version.

    Everything in it is read before anything is changed. Files come first, and the database last, in one transaction:
    a restore that is killed has left no rows, and can be repeated.

    Raises:
        BackupError: the home or the database is not empty, or the backup is damaged or of a newer version.
        ServiceError: there is no server, or pg_restore failed.
    """
    folder = folder.expanduser().absolute()
    manifest = read_manifest(folder)
    if not is_known(manifest.schema):
        raise BackupError(f"The backup in {folder} is of a newer Labelscope: update this one.")
    _require_no_other_files(settings.home, manifest)
    _require_intact(folder, manifest)
    with (
        database_address(settings) as address,
        connected(address) as engine,
        hold_lock(engine, Lock.MIGRATION),  # a run that begins meanwhile waits, rather than making tables
        engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
    ):
        if not is_empty(connection):
            raise BackupError(
                "The database holds tables already: restore into an empty one, for which LABELSCOPE_HOME names another"
                " home, or DATABASE_URL another database."
            )
        with progress_bar("Restoring files", len(manifest.files)) as advance:
            for file in manifest.files:
                copy_checked(stored_path(folder, file.sha256), settings.home / file.path, file.sha256)
                advance(1)
        binaries = postgres_server(settings.home).binaries
        fill(binaries, *for_programs(address), stored_path(folder, manifest.database))
        connection.execute(text("ANALYZE"))  # a dump has no statistics, and plans without them are slow
    with migrated_database(settings):
        return manifest


def _require_no_other_files(home: Path, manifest: Manifest) -> None:
    """What an earlier restore of the same backup has left, when it was killed, is not in the way."""
    expected = {file.path for file in manifest.files}
    for room in SAVED_FOLDERS:
        for file in (home / room).rglob("*"):
            path = file.relative_to(home).as_posix()
            if not file.is_dir() and path.removesuffix(DRAFT_SUFFIX) not in expected:
                raise BackupError(
                    f"{home} is not empty, as {path} is there: set LABELSCOPE_HOME to a new folder, and restore there."
                )


def _require_intact(folder: Path, manifest: Manifest) -> None:
    checksums = sorted({manifest.database, *(file.sha256 for file in manifest.files)})
    with progress_bar("Checking the backup", len(checksums)) as advance:
        damaged = []
        for sha256 in checksums:
            place = stored_path(folder, sha256)
            if not is_inside(folder, place) or not is_intact(place, sha256):
                damaged.append(sha256)
            advance(1)
    if damaged:
        raise BackupError(
            f"{len(damaged)} of {len(checksums)} files of the backup are damaged or missing, such as"
            f" {stored_path(folder, damaged[0])}: nothing was restored; use another backup."
        )
