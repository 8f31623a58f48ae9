"""`labelscope restore`: a restored home is the saved one, and a damaged backup changes nothing."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, text

from config.settings import Settings
from db import migrate
from db.engine import open_engine
from db.read.files import is_empty, named_files
from flows.backup.folder import StoredFile, read_manifest, stored_path, write_manifest
from flows.home.environment import open_database
from tests.cli.backup.backups import GoElsewhere, everything, files_of, sentence
from tests.flows.inspection import rows

Labelscope = Callable[..., str]


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
