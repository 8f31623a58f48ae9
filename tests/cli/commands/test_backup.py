"""`labelscope backup` and `restore`: a restored home is the saved one, and no unfinished backup is restored."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from config.settings import Settings
from db import migrate
from db.engine import open_engine
from db.read.files import is_empty, named_files
from flows.backup import backup
from flows.backup.folder import StoredFile, locked_folder, read_manifest, stored_path, write_manifest
from flows.home.environment import open_database
from flows.ingest.retention import BusyError, purge
from services.keeper import ServiceError
from services.postgres.dump import require_dumpable
from services.postgres.server import postgres_server
from tests.db.contents import contents
from tests.flows.inspection import rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]
Labelscope = Callable[..., str]
GoElsewhere = Callable[[], Engine]

ROOT = Path(__file__).resolve().parents[3]
AUDIO = b"a preview that two tracks share"
VIEWS = ("label_accuracy", "track_predictions", "model_list")
DYING = """
import sys
from cli.main import main
from tests.flows.ingest.ingest_runner import die_at
die_at(*sys.argv.pop(1).split())
main()
"""


@pytest.fixture
def home(trained: Stage, go_on: GoOn) -> Iterator[Engine]:
    """A trained home, two clips of which have been cut from one downloaded file; 12 spectrograms, 2 models."""
    engine = go_on(trained)
    sha256 = hashlib.sha256(AUDIO).hexdigest()
    uri = f"store:audio/{sha256[:2]}/{sha256}.mp3"
    with engine.begin() as connection:
        clips = text("UPDATE clips SET uri = :uri, sha256 = :sha256, bytes = :bytes WHERE id <= 2")
        connection.execute(clips, {"uri": uri, "sha256": sha256, "bytes": len(AUDIO)})
    audio_file().parent.mkdir(parents=True)
    audio_file().write_bytes(AUDIO)
    yield engine


def audio_file() -> Path:
    sha256 = hashlib.sha256(AUDIO).hexdigest()
    return Settings().home / "audio" / sha256[:2] / f"{sha256}.mp3"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where backups go."""
    return tmp_path / "backup"


@pytest.fixture
def elsewhere(tmp_path: Path, empty_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GoElsewhere]:
    """From the call on commands work on an empty home and an empty database; an engine on the latter."""
    engine = open_engine(empty_database)

    def go() -> Engine:
        monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "new home"))
        monkeypatch.setenv("DATABASE_URL", empty_database)
        return engine

    yield go
    engine.dispose()


def everything(engine: Engine) -> dict[str, Any]:
    of_views = {view: sorted(rows(engine, f"SELECT * FROM {view}"), key=str) for view in VIEWS}
    with engine.connect() as connection:
        return {"rows": contents(connection, without=()), **of_views}


def files_of(home: Path) -> dict[str, bytes]:
    stores = [home / store for store in ("audio", "models", "spectrograms")]
    return {
        str(file.relative_to(home)): file.read_bytes()
        for store in stores
        for file in store.rglob("*")
        if file.is_file()
    }


def sentence(output: str) -> str:
    """The sentence of a refusal, which is one line."""
    [line] = output.strip().splitlines()
    return line


def begin(point: str, *arguments: object) -> int:
    """The exit status of a `labelscope` that is killed just before a call: "module function call"."""
    command = [sys.executable, "-c", DYING, point, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, check=False).returncode


def test_a_restored_home_answers_as_the_one_that_was_saved(
    flows: SimpleNamespace,
    home: Engine,
    folder: Path,
    tmp_path: Path,
    three_labels: Path,
    labelscope: Labelscope,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    track = str(next(three_labels.glob("*/*.flac")))
    before, files, scores = everything(home), files_of(Settings().home), labelscope("predict", track)
    similar = labelscope("similar", track)
    output = labelscope("backup", str(folder))
    assert "the database and 15 files, 15 of them new" in output and "login to Spotify" in output

    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "new home"))
    output = labelscope("restore", str(folder))
    assert "the database and 15 files" in output and "login to Spotify" in output
    with open_database(Settings()) as engine:
        assert everything(engine) == before
        assert rows(engine, "SELECT current_user::text") == [("labelscope_pipeline",)]
        assert files_of(Settings().home) == files
        predicted = flows.predict()
        assert (predicted.tracks, predicted.model_id) == (0, 1)
        assert labelscope("predict", track) == scores
        assert labelscope("similar", track) == similar
        with engine.begin() as connection:  # numbers go on where they were
            made = text("INSERT INTO labels (slug, name) VALUES ('new', 'New') RETURNING id")
            assert connection.scalar(made) == 4


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


def flip_a_byte(folder: Path) -> None:
    file = stored_path(folder, read_manifest(folder).files[3].sha256)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def lose_the_dump(folder: Path) -> None:
    stored_path(folder, read_manifest(folder).database).unlink()


def change_the_manifest(folder: Path) -> None:
    file = folder / "manifest.json"
    file.write_text(file.read_text().replace("labelscope.keras", "labelscope.skops"))


def cut_the_manifest(folder: Path) -> None:
    file = folder / "manifest.json"
    file.write_text(file.read_text()[:-9])


def lead_out_of_the_home(folder: Path) -> None:
    manifest = read_manifest(folder)
    stray = StoredFile("models/../../stray", manifest.files[0].sha256, 1)
    write_manifest(folder, replace(manifest, files=(*manifest.files, stray)))


def come_from_the_future(folder: Path) -> None:
    write_manifest(folder, replace(read_manifest(folder), schema="9999"))


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (flip_a_byte, "1 of 16 files of the backup are damaged"),
        (lose_the_dump, "1 of 16 files of the backup are damaged"),
        (change_the_manifest, "manifest.json is damaged (it was changed)"),
        (cut_the_manifest, "manifest.json is damaged"),
        (lead_out_of_the_home, "it names 'models/../../stray'"),
        (come_from_the_future, "update this one"),
        (shutil.rmtree, "no complete backup"),
    ],
)
def test_a_backup_that_cannot_be_trusted_is_refused_and_nothing_is_changed(
    home: Engine,
    folder: Path,
    labelscope: Labelscope,
    elsewhere: GoElsewhere,
    harm: Callable[[Path], None],
    says: str,
) -> None:
    labelscope("backup", str(folder))
    harm(folder)
    with elsewhere().connect() as connection:
        assert says in sentence(labelscope("restore", str(folder), expect=1))
        assert is_empty(connection)
        assert not Settings().home.exists()


def test_only_an_empty_home_and_an_empty_database_are_restored_to(
    home: Engine, folder: Path, labelscope: Labelscope, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    labelscope("backup", str(folder))
    before, old_home = everything(home), Settings().home
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "new home"))
    assert "holds tables already" in sentence(labelscope("restore", str(folder), expect=1))
    assert everything(home) == before
    assert not (tmp_path / "new home").exists()

    monkeypatch.setenv("LABELSCOPE_HOME", str(old_home))
    (old_home / "models" / "mine.keras").touch()
    assert "as models/mine.keras is there" in sentence(labelscope("restore", str(folder), expect=1))


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


def test_a_backup_of_an_older_version_is_made_as_it_is_and_restored_into_this_one(
    database_url: str,
    empty_database: str,
    folder: Path,
    tmp_path: Path,
    labelscope: Labelscope,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    migrate.downgrade(database_url, "0001")
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO labels (slug, name) VALUES ('drumcode', 'Drumcode')"))
        assert named_files(connection) == []
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", database_url)
    labelscope("backup", str(folder))
    assert rows(engine, "SELECT version_num FROM alembic_version") == [("0001",)]
    engine.dispose()

    monkeypatch.setenv("DATABASE_URL", empty_database)
    labelscope("restore", str(folder))
    migrate.check(empty_database)
    engine = open_engine(empty_database)
    assert rows(engine, "SELECT name FROM labels") == [("Drumcode",)]
    engine.dispose()


def test_a_server_that_is_newer_than_pg_dump_is_refused_in_a_sentence(tmp_path: Path) -> None:
    binaries = postgres_server(tmp_path).binaries
    require_dumpable(binaries, 18_00_99)
    with pytest.raises(ServiceError, match="PostgreSQL 19, and the embedded pg_dump is of 18"):
        require_dumpable(binaries, 19_00_01)
