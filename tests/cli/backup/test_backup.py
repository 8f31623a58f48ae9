"""`labelscope backup`: what is saved, what is copied again, and what is refused."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from config.settings import Settings
from flows.backup import backup
from flows.backup.folder import locked_folder, read_manifest, stored_path
from flows.ingest.retention import BusyError, purge
from services.keeper import ServiceError
from services.postgres.dump import require_dumpable
from services.postgres.server import postgres_server
from tests.cli.backup.backups import AUDIO, GoElsewhere, audio_file, sentence
from tests.flows.inspection import rows

Labelscope = Callable[..., str]


def test_a_second_backup_copies_new_files_and_removes_old_ones(
    home: Engine, folder: Path, labelscope: Labelscope
) -> None:
    labelscope("backup", str(folder))
    first = read_manifest(folder)
    kept = {file.sha256: stored_path(folder, file.sha256).stat() for file in first.files}
    with home.begin() as connection:
        connection.execute(text("UPDATE clips SET uri = 'file:///elsewhere' WHERE id <= 2"))
        connection.execute(text("UPDATE models SET path = 'copy/' || path WHERE id = 1"))
    shutil.copytree(Settings().home / "models", Settings().home / "models" / "copy")
    [champion] = (Settings().home / "models").glob("copy/*/*.keras")
    champion.write_bytes(champion.read_bytes() + b" ")
    sha256 = hashlib.sha256(champion.read_bytes()).hexdigest()
    with home.begin() as connection:
        connection.execute(text("UPDATE models SET sha256 = :sha256 WHERE id = 1"), {"sha256": sha256})

    assert "14 files, 1 of them new" in labelscope("backup", str(folder))
    second = read_manifest(folder)
    assert {file.sha256 for file in second.files} - kept.keys() == {sha256}
    for file in second.files:
        if file.sha256 in kept:
            assert stored_path(folder, file.sha256).stat().st_ino == kept[file.sha256].st_ino
    names = {file.name for file in folder.glob("files/*/*")}
    assert names == {second.database, *(file.sha256 for file in second.files)}


def test_missing_and_damaged_files_are_named_and_all_others_saved(
    home: Engine, folder: Path, labelscope: Labelscope, elsewhere: GoElsewhere
) -> None:
    audio_file().unlink()
    damaged = next((Settings().home / "spectrograms").glob("*/*/*.npy"))
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")
    output = labelscope("backup", str(folder), expect=1)
    assert f"{audio_file()} is missing." in output and f"{damaged} is damaged" in output
    assert "Files that are not in the backup: 2" in output
    assert not list(folder.rglob("*.part"))
    engine = elsewhere()
    assert "13 files" in labelscope("restore", str(folder))
    assert rows(engine, "SELECT count(*) FROM clips") == [(12,)]


def test_a_damaged_file_is_kept_in_the_backup_or_copied_anew(
    home: Engine, folder: Path, labelscope: Labelscope
) -> None:
    labelscope("backup", str(folder))
    audio_file().write_bytes(b"damaged")
    model = next(file for file in read_manifest(folder).files if file.path.endswith(".keras"))
    stored_path(folder, model.sha256).write_bytes(b"damaged")
    assert "15 files, 1 of them new" in labelscope("backup", str(folder))
    assert stored_path(folder, hashlib.sha256(AUDIO).hexdigest()).read_bytes() == AUDIO
    assert stored_path(folder, model.sha256).read_bytes() == (Settings().home / model.path).read_bytes()


def test_a_download_on_the_way_to_its_place_is_saved_too(
    home: Engine, folder: Path, labelscope: Labelscope
) -> None:
    incoming = Settings().home / "audio" / "incoming" / "a run"
    incoming.mkdir(parents=True)
    audio_file().rename(incoming / audio_file().name)
    assert "15 files" in labelscope("backup", str(folder))


def test_rows_and_files_are_of_one_moment_and_nothing_is_purged_meanwhile(
    home: Engine,
    folder: Path,
    labelscope: Labelscope,
    monkeypatch: pytest.MonkeyPatch,
    elsewhere: GoElsewhere,
) -> None:
    dump, copy_checked = backup.dump, backup.copy_checked

    def late(*arguments: Any) -> Iterator[bytes]:
        with home.begin() as connection:
            connection.execute(text("DELETE FROM spectrograms"))
            connection.execute(text("UPDATE labels SET name = 'changed'"))
        return dump(*arguments)

    def busy(*arguments: Any) -> bool:
        with pytest.raises(BusyError, match="a backup"):
            purge(home, Settings(), "folder")
        return copy_checked(*arguments)

    monkeypatch.setattr(backup, "dump", late)
    monkeypatch.setattr(backup, "copy_checked", busy)
    assert "15 files" in labelscope("backup", str(folder))
    engine = elsewhere()
    labelscope("restore", str(folder))
    assert rows(engine, "SELECT count(*) FROM spectrograms") == [(12,)]
    assert rows(engine, "SELECT count(*) FROM labels WHERE name = 'changed'") == [(0,)]


def test_a_backup_needs_a_folder_of_its_own_and_something_to_save(
    home: Engine,
    folder: Path,
    labelscope: Labelscope,
    elsewhere: GoElsewhere,
    tmp_path: Path,
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    (tmp_path / "file").touch()
    inside = Settings().home / "backup"

    def refused(where: Path) -> str:
        return sentence(labelscope("backup", str(where), expect=1))

    assert "thesis.txt: name an empty folder" in refused(tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.txt"]
    assert "cannot be written" in refused(tmp_path / "file")
    assert "is inside the home" in refused(inside) and not inside.exists()
    labelscope("backup", str(folder))
    with locked_folder(folder):
        assert "wait for its end" in refused(folder)
    elsewhere()
    assert "nothing to save" in refused(folder)
    assert len(read_manifest(folder).files) == 15


def test_a_server_that_is_newer_than_pg_dump_is_refused_in_a_sentence(tmp_path: Path) -> None:
    binaries = postgres_server(tmp_path).binaries
    require_dumpable(binaries, 18_00_99)
    with pytest.raises(ServiceError, match="PostgreSQL 19, and the embedded pg_dump is of 18"):
        require_dumpable(binaries, 19_00_01)
