"""A home to save, a folder for its backup, and an empty home to restore it to."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from db.engine import open_engine
from tests.cli.backup.backups import AUDIO, GoElsewhere, audio_file
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]


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
