"""Back up the database and the files that its rows name, consistent with each other."""

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
from flows.home.download_inbox import INCOMING
from flows.home.environment import audio_folder, connected, database_address
from flows.prefect_tools.progress import progress_bar
from services.postgres.dump import dump, require_dumpable
from services.postgres.server import postgres_server


@dataclass(frozen=True, slots=True)
class Saved:
    """The result of a backup.

    `files`: how many it holds; `new`: how many of them this backup has copied; `problems`: a sentence for each file
    that is missing or damaged.
    """

    files: int
    new: int
    problems: tuple[str, ...]


def back_up(settings: Settings, folder: Path) -> Saved:
    """Write a dump of the database and each file that a row names into the folder. Equal files are saved once.

    The database is not migrated first, so that a backup can precede an update. Rows and files are consistent: the dump
    and the list of files come from one snapshot, and no purge runs until all files are copied. Files that are missing
    or damaged are left out and listed in the result. The Spotify login, Prefect's history and the user's own audio are
    not saved.

    Raises:
        BackupError: nothing was saved, and an earlier backup in the folder is unchanged.
        ServiceError: there is no server, or pg_dump failed. An earlier backup in the folder is unchanged.
    """
    folder = folder.expanduser().absolute()
    if folder.resolve().is_relative_to(settings.home.resolve()):
        raise BackupError(f"{folder} is inside the home that is to be saved: name a folder on another disk.")
    with locked_folder(folder), database_address(settings) as address, connected(address) as engine:
        with share_lock(engine, Lock.CONTENT):
            schema, database, files = _dump_database(engine, settings, address, folder)
            new, problems = _copy_files(settings, files, folder)
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        saved = tuple(file for file in files if file not in problems)
        write_manifest(folder, Manifest(made_at, schema, database, saved, tuple(problems)))
    return Saved(len(saved), new, tuple(problems.values()))


def _copy_files(
    settings: Settings, files: Sequence[StoredFile], folder: Path
) -> tuple[int, dict[StoredFile, str]]:
    """How many files were copied, as the backup had none of that content; a sentence for each lost file."""
    copied, problems = 0, dict[StoredFile, str]()
    with progress_bar("Saving files", len(files)) as advance:
        for file in files:
            try:
                copied += copy_checked(_source(settings, file), stored_path(folder, file.sha256), file.sha256)
            except DamagedFile as problem:
                problems[file] = str(problem)
            advance(1)
    return copied, problems


def _dump_database(
    engine: Engine, settings: Settings, address: str, folder: Path
) -> tuple[str, str, Sequence[StoredFile]]:
    """Dump the database. Returns its schema revision, the sha256 of the dump, and the files that rows name."""
    binaries = postgres_server(settings.home).binaries
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        schema = schema_revision(connection)
        if schema is None:
            raise BackupError(
                "There is nothing to save: the database has no tables yet; check LABELSCOPE_HOME and DATABASE_URL."
            )
        require_dumpable(binaries, int(connection.scalar(text("SHOW server_version_num")) or 0))
        files = [StoredFile(row.path, row.sha256, row.bytes) for row in named_files(connection)]
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        draft = folder / FILES / f"database{DRAFT_SUFFIX}"
        sha256, _ = write_blocks(dump(binaries, *for_programs(address), str(snapshot)), draft)
    target = stored_path(folder, sha256)
    target.parent.mkdir(exist_ok=True)
    draft.replace(target)
    return schema, sha256, files


def _source(settings: Settings, file: StoredFile) -> Path:
    """The file in the home, or in an inbox: a download moves to the store only after its row is committed."""
    path = settings.home / file.path
    downloads = (audio_folder(settings) / INCOMING).glob(f"*/{path.name}")
    return path if path.exists() else next(downloads, path)
