"""A request that cannot succeed is refused in a sentence, before any server starts or a model is loaded."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sqlalchemy import Engine, create_engine, text

from db import migrate, write
from db.write.clips import register_spectrogram_config
from tests.cli.conftest import Labelscope
from tests.cli.terminal import OWN, at_terminal

Refusal = tuple[tuple[str, ...], dict[str, str], int, str]

NO_MODEL = "No model is in use yet; `labelscope run` trains one."


def refusals(folder: Path) -> list[Refusal]:
    """Commands with variables of their own, the exit code, and a part of the sentence."""
    (folder / "folder").mkdir()
    (folder / "file").write_text("no music")
    (folder / "bad.toml").write_text("[[label]\n")
    sound = str(folder / "sound.wav")
    soundfile.write(sound, np.zeros(44_100, dtype=np.float32), 44_100)
    return [
        (("promote", "99"), {}, 1, "no model 99 that can be promoted"),
        (("promote", "9" * 30), {}, 1, "that can be promoted"),
        (("promote", "1", "--why", " "), {}, 2, "The reason is empty"),
        (("promote", "1"), {"LABELSCOPE_LABELS": str(folder / "bad.toml")}, 1, "line 1"),
        (("retrain", "--why", ""), {}, 2, "An argument is empty"),
        (("run", ""), {}, 2, "An argument is empty"),
        (("run", "a", "b"), {}, 2, "unexpected extra argument"),
        (("run", "x" * 3000), {}, 1, "name a folder"),
        (("predict", "x" * 3000), {}, 1, "longer than a path can be"),
        (("mix", "x" * 3000), {}, 1, NO_MODEL),
        (("mix", str(folder)), {}, 1, "is a folder; name the files in it"),
        (("mix", sound, "--forget"), {}, 2, "Nothing is stored of"),
        (("mix", sound, "--forget", "--json"), {}, 2, "--forget prints no analysis"),
        (("tarcks",), {}, 2, "Did you mean 'tracks'?"),
        (("tracks", "--label", "nobody"), {}, 1, NO_MODEL),
        (("crates", "forget", "nowhere"), {}, 2, "There is no crate"),
        (("crates", "move", "nowhere", str(folder)), {}, 2, "There is no crate"),
        (("sql", "SELECT nonsense FROM tracks"), {}, 1, "shows the columns"),
        (("sql", "SELECT * FROM nonsense"), {}, 1, "Views: "),
        (("retrain",), {}, 1, "Training needs two labels"),
        (("retrain",), {"LABELSCOPE_LABELS": str(folder / "gone.toml")}, 1, "gone.toml"),
        (("evaluate",), {}, 1, "Training needs two labels"),
        (("evaluate", "--folds", "1"), {}, 2, "--folds"),
        (("predict",), {}, 1, NO_MODEL),
        (("predict", sound), {}, 1, NO_MODEL),
        (("predict", str(folder / "folder")), {}, 2, "There is no audio file"),
        (("mix", sound), {}, 1, NO_MODEL),
        (("similar", sound), {}, 1, "model"),
        (("similar", "Nobody - Nothing"), {}, 1, "model"),
        (("explain", sound), {}, 1, NO_MODEL),
        (("explain", "Nobody - Nothing"), {}, 1, NO_MODEL),
        (("map",), {}, 1, "model"),
        (("extract", "--again"), {}, 0, "there is no clip yet"),
        (("report", str(folder / "gone" / "x.html")), {}, 2, "There is no folder"),
        (("restore", str(folder / "folder")), {}, 1, "There is no complete backup"),
        (("backup", str(folder / "file")), {}, 1, "cannot be written"),
        (("deploy",), {"PREFECT_API_URL": "http://127.0.0.1:1/api"}, 1, "No Prefect server answers"),
        (("deploy",), {"PREFECT_API_URL": "nonsense"}, 1, "No Prefect server answers"),
        (("status",), {"LABELSCOPE_PIPELINE_CRON": "now"}, 1, "no line of a crontab"),
        (("status",), {"LABELSCOPE_TIMEZONE": "Europe/Atlantis"}, 1, "LABELSCOPE_TIMEZONE"),
        (("run", "--folder", str(folder / "gone")), {}, 1, "No crate"),
        (("run",), {"LABELSCOPE_LABELS": str(folder / "bad.toml")}, 1, "line 1"),
        (("run",), {"SPOTIPY_CLIENT_ID": ""}, 1, "6 of 6 playlists deferred: no Spotify key"),
        (("ingest",), {"SPOTIPY_CLIENT_SECRET": ""}, 1, "6 of 6 playlists deferred: no Spotify key"),
        (("run",), {"LABELSCOPE_HYPERPARAMETERS": '{"epoch": 3}'}, 1, "names epoch"),
        (("maintain",), {"LABELSCOPE_HOME": str(folder / "gone"), "DATABASE_URL": ""}, 1, "There is no home"),
        (("maintain",), {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, 1, "check DATABASE_URL"),
    ]


def refusals_with_a_model(folder: Path) -> list[Refusal]:
    """Commands that cannot succeed though a model is in use."""
    long = str(folder / "long.wav")
    soundfile.write(long, np.zeros(30 * 8_000, dtype=np.float32), 8_000)
    return [
        (("predict", str(folder / "sound.wav")), {}, 1, "is shorter than one crop"),
        (("predict", str(folder / "file")), {}, 1, "is not a sound file"),
        (("similar", str(folder / "sound.wav")), {}, 1, ""),
        (("explain", str(folder / "sound.wav")), {}, 1, "is shorter than one crop"),
        (("explain", "Nobody - Nothing"), {}, 1, "neither a file nor a track"),
        (("mix", long), {}, 1, "too short for a mix"),
        (("mix", str(folder / "file")), {}, 1, "is not a sound file"),
        (("promote", "1"), {}, 1, "in use already"),
    ]


def add_champion(engine: Engine) -> None:
    """Rows of a model that scores crops of 128 frames; it has no file."""
    model = {
        "architecture": "seed",
        "path": "1/labelscope.keras",
        "sha256": "2" * 64,
        "bytes": 10,
        "calibration": {"unknown_below": 0.4},
    }
    run = {
        "why": "test",
        "architecture": "seed",
        "hyperparameters": {"crop_frames": 128},
        "dataset_fingerprint": "f" * 64,
        "labels": [],
        "versions": {},
        "origins": ["folder"],
    }
    with engine.begin() as connection:
        config_id = register_spectrogram_config(connection, "r" * 12, {})
        run_id = write.learning.start_training(connection, run | {"config_id": config_id}, [])
        rows = write.learning.ModelRows(model, [], [])
        [model_id] = write.learning.complete_training(
            connection, run_id, history=[], fit_s=1.0, models=[rows]
        )
        write.learning.promote(connection, model_id, "test")


def refuse(cases: list[Refusal], database_url: str, home: Path) -> None:
    environment = os.environ | {"DATABASE_URL": database_url, "LABELSCOPE_HOME": str(home)}
    ended = at_terminal([(arguments, extra) for arguments, extra, *_ in cases], environment)
    assert len(ended) == len(cases), ended
    for command, (arguments, _, code, words) in zip(ended, cases, strict=True):
        sent = " ".join(OWN.sub("", command.sent).replace("│", " ").split())
        assert (command.code, words in sent) == (code, True), (arguments, command.code, sent)
        assert command.heavy == (), (arguments, command.heavy)
    assert not (home / "prefect").exists()


def test_what_cannot_succeed_is_refused_before_prefect_or_a_model(database_url: str, tmp_path: Path) -> None:
    refuse(refusals(tmp_path), database_url, tmp_path / "home")


def test_a_file_that_cannot_be_scored_is_refused_before_the_model_is_loaded(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    refusals(tmp_path)
    add_champion(engine)
    refuse(refusals_with_a_model(tmp_path), database_url, tmp_path / "home")
    with engine.connect() as connection:
        rejected = text("SELECT reason, flow_run_id FROM mixes WHERE status = 'rejected' ORDER BY id")
        assert connection.execute(rejected).all() == [("too_short", None), ("not_audio", None)]


def test_a_database_of_a_newer_version_is_refused(
    labelscope: Labelscope, empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate.upgrade(empty_database)
    engine = create_engine(empty_database)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    monkeypatch.setenv("DATABASE_URL", empty_database)
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path))
    assert (
        "unknown to this version (Can't locate revision identified by '9999'); update Labelscope"
        in labelscope("status", expect=1)
    )
