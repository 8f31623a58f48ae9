"""Restore a backup into an empty home and an empty database."""

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
    """Restore the backup in the folder, and migrate its database to this version.

    All its files are verified before anything is changed. Files are copied first, then the database is filled in one
    transaction. So a killed restore has left no rows, and can be repeated.

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
        # A run that starts meanwhile waits instead of making tables.
        hold_lock(engine, Lock.MIGRATION),
        engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
    ):
        if not is_empty(connection):
            raise BackupError(
                "The database holds tables already: restore into an empty one, for which LABELSCOPE_HOME names another"
                " home, or DATABASE_URL another database."
            )
        _copy_files(folder, manifest, settings.home)
        binaries = postgres_server(settings.home).binaries
        fill(binaries, *for_programs(address), stored_path(folder, manifest.database))
        # A dump has no statistics, and query plans without them are slow.
        connection.execute(text("ANALYZE"))
    with migrated_database(settings):
        return manifest


def _copy_files(folder: Path, manifest: Manifest, home: Path) -> None:
    with progress_bar("Restoring files", len(manifest.files)) as advance:
        for file in manifest.files:
            copy_checked(stored_path(folder, file.sha256), home / file.path, file.sha256)
            advance(1)


def _require_no_other_files(home: Path, manifest: Manifest) -> None:
    """Raises BackupError where the home has files other than those that a killed restore of this backup leaves."""
    expected = {file.path for file in manifest.files}
    for name in SAVED_FOLDERS:
        for file in (home / name).rglob("*"):
            path = file.relative_to(home).as_posix()
            if not file.is_dir() and path.removesuffix(DRAFT_SUFFIX) not in expected:
                raise BackupError(
                    f"{home} is not empty, as {path} is there: set LABELSCOPE_HOME to a new folder, and restore there."
                )


def _require_intact(folder: Path, manifest: Manifest) -> None:
    """Raises BackupError where a file of the backup is missing or damaged. Reads all of them."""
    checksums = sorted({manifest.database, *(file.sha256 for file in manifest.files)})
    with progress_bar("Checking the backup", len(checksums)) as advance:
        damaged = []
        for sha256 in checksums:
            path = stored_path(folder, sha256)
            if not is_inside(folder, path) or not is_intact(path, sha256):
                damaged.append(sha256)
            advance(1)
    if damaged:
        raise BackupError(
            f"{len(damaged)} of {len(checksums)} files of the backup are damaged or missing, such as"
            f" {stored_path(folder, damaged[0])}: nothing was restored; use another backup."
        )
