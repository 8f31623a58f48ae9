"""Backups and restores that are killed halfway."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from config.settings import Settings
from db.read.files import is_empty
from flows.backup.folder import read_manifest
from tests.cli.backup.backups import GoElsewhere, audio_file, begin, everything, files_of, sentence

Labelscope = Callable[..., str]


@pytest.mark.slow
@pytest.mark.parametrize(
    "point",
    [
        "flows.backup.backup copy_checked 1",  # the new dump is there
        "flows.backup.backup copy_checked 3",
        "flows.backup.backup write_manifest 1",
        "os sync 1",  # the new manifest is there, and not in its place
    ],
)
def test_a_killed_backup_leaves_the_earlier_one_usable(
    home: Engine, folder: Path, labelscope: Labelscope, elsewhere: GoElsewhere, point: str
) -> None:
    labelscope("backup", str(folder))
    before, files, manifest = everything(home), files_of(Settings().home), read_manifest(folder)
    with home.begin() as connection:
        connection.execute(text("DELETE FROM clips WHERE id <= 2"))
        connection.execute(text("UPDATE labels SET name = 'changed'"))
    assert begin(point, "backup", folder) == -9
    assert read_manifest(folder) == manifest
    engine = elsewhere()
    labelscope("restore", str(folder))
    assert everything(engine) == before and files_of(Settings().home) == files


def test_a_backup_after_a_killed_one_is_whole_and_leaves_nothing_of_it(
    home: Engine, folder: Path, labelscope: Labelscope
) -> None:
    assert begin("flows.backup.backup copy_checked 9", "backup", folder) == -9
    assert "no complete backup" in sentence(labelscope("restore", str(folder), expect=1))
    (folder / "files" / "00").mkdir(exist_ok=True)
    (folder / "files" / "00" / ("0" * 64 + ".part")).write_bytes(b"half")
    assert "15 files, 7 of them new" in labelscope("backup", str(folder))
    manifest = read_manifest(folder)
    names = {file.name for file in folder.rglob("*") if file.is_file()}
    assert names == {"manifest.json", "lock", manifest.database, *(file.sha256 for file in manifest.files)}


@pytest.mark.slow
@pytest.mark.parametrize("point", ["flows.backup.restore copy_checked 9", "flows.backup.restore fill 1"])
def test_a_killed_restore_has_left_no_rows_and_can_be_repeated(
    home: Engine, folder: Path, labelscope: Labelscope, elsewhere: GoElsewhere, point: str
) -> None:
    labelscope("backup", str(folder))
    before, files = everything(home), files_of(Settings().home)
    engine = elsewhere()
    assert begin(point, "restore", folder) == -9
    with engine.connect() as connection:
        assert is_empty(connection)
    audio_file().rename(f"{audio_file()}.part")  # as a kill within its copy would have left it
    labelscope("restore", str(folder))
    assert everything(engine) == before and files_of(Settings().home) == files
