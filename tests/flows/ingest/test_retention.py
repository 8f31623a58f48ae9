"""Content of providers: what is trained on, how it is removed, and which secrets are never stored."""

import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from config.label_errors import ConfigurationError
from config.settings import Settings
from tests.flows.inspection import everything, rows
from tests.stand_ins import music
from tests.stand_ins.music import Track
from tests.stand_ins.stand_ins import StandIns

Watch = Callable[..., StandIns]


@pytest.mark.slow
def test_training_excludes_ambiguous_tracks_and_spotify_until_allowed(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    services = watch(music.small_world())
    flows.ingest()
    flows.extract()
    held = flows.retrain("a try")
    labels = Path(services.environment["LABELSCOPE_LABELS"])
    assert any("training.allow" in sentence for sentence in (held.reason, *held.remarks))
    trained_on = """SELECT DISTINCT t.provider FROM training_run_tracks JOIN tracks t ON t.id = track_id"""
    assert ("spotify",) not in rows(engine, trained_on)

    origins = '["folder", "library", "synth", "deezer", "spotify"]'
    labels.write_text(labels.read_text() + f"\n[training]\nallow = {origins}\n")
    flows.retrain("they allow it")
    assert ("spotify",) in rows(engine, trained_on)
    ambiguous = "SELECT track_id FROM track_labels WHERE ambiguous"
    assert rows(engine, ambiguous)
    assert rows(engine, f"SELECT count(*) FROM training_run_tracks WHERE track_id IN ({ambiguous})") == [(0,)]

    labels.write_text(labels.read_text().replace(', "spotify"]', "]"))
    flows.retrain()
    retired = "SELECT reason FROM models WHERE status = 'retired'"
    assert any(
        "It was trained on origins that training.allow no longer lists." in reason
        for (reason,) in rows(engine, retired)
    )


def test_purge_removes_all_content_of_spotify_and_no_other(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    from flows.ingest.retention import purge

    watch(music.small_world())
    flows.ingest()
    flows.extract()
    kept = rows(engine, "SELECT external_id FROM tracks WHERE provider = 'deezer' ORDER BY 1")
    gone = purge(engine, Settings(), "spotify")
    assert gone.playlists == 2 and gone.tracks > 10 and gone.audio
    assert not [
        line for table, lines in everything(engine).items() for line in lines if "spotify" in line.lower()
    ]
    assert rows(engine, "SELECT external_id FROM tracks ORDER BY 1") == kept
    home = Settings().home
    files = {path.stem for path in (home / "audio").rglob("*.mp3")}
    assert files == {sha256 for (sha256,) in rows(engine, "SELECT sha256 FROM clips")}
    spectrograms = {path.stem for path in (home / "spectrograms").rglob("*.npy")}
    assert spectrograms == {sha256 for (sha256,) in rows(engine, "SELECT sha256 FROM spectrograms")}


def test_tracks_that_are_not_confirmed_for_long_are_removed(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    world = music.small_world()
    watch(world, configuration="[retention]\nspotify_days = 30\n")
    flows.ingest()
    first = next(iter(world.playlists.values()))
    gone = first.remove(1).track
    assert isinstance(gone, Track)
    flows.ingest()
    left = f"SELECT count(*) FROM tracks WHERE external_id = '{gone.id}'"
    with engine.begin() as connection:  # 29 days pass, then two more
        connection.execute(text("UPDATE tracks SET last_seen_at = now() - interval '29 days'"))
        connection.execute(text("UPDATE playlist_tracks SET removed_at = removed_at - interval '29 days'"))
    assert flows.ingest().expired == 0 and rows(engine, left) == [(1,)]
    with engine.begin() as connection:
        connection.execute(text("UPDATE tracks SET last_seen_at = now() - interval '31 days'"))
        connection.execute(text("UPDATE playlist_tracks SET removed_at = removed_at - interval '2 days'"))
    assert flows.ingest().expired == 1 and rows(engine, left) == [(0,)]
    files = {path.stem for path in (Settings().home / "audio").rglob("*.mp3")}
    assert files == {sha256 for (sha256,) in rows(engine, "SELECT sha256 FROM clips")}


def test_features_of_all_origins_are_kept_and_the_best_names_its_origin(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    watch(music.small_world(), configuration="[features]\nreccobeats = true\n")
    flows.ingest()
    flows.extract()
    origins = dict(rows(engine, "SELECT origin, count(*) FROM audio_features GROUP BY 1"))
    assert set(origins) == {"spotify", "reccobeats", "librosa"}
    best = dict(rows(engine, "SELECT origin, count(*) FROM best_audio_features GROUP BY 1"))
    assert best["spotify"] == origins["spotify"] and best["librosa"] > 0
    licences = "SELECT DISTINCT origin FROM audio_features WHERE licence IS NULL"
    assert rows(engine, licences) == [("librosa",)]  # our own features; the clip has a licence
    assert rows(engine, "SELECT count(*) FROM clips WHERE licence IS NULL OR reference IS NULL") == [(0,)]


def test_no_signed_url_and_no_secret_is_ever_stored(
    flows: SimpleNamespace,
    watch: Watch,
    engine: Engine,
    postgres: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    services = watch(music.small_world())
    secrets = ["hmac=", "Bearer "]
    texts = [repr(Settings()), str(Settings().model_dump())]
    services.dial.probability, services.dial.stall_seconds = 0.3, 0.01
    services.dial.kinds["spotify"] += ("401", "403")
    for _ in range(3):
        flows.ingest()
    services.dial.probability = 0
    flows.ingest()
    secrets += services.spotify.secrets
    assert len(secrets) > 3
    monkeypatch.setenv("LABELSCOPE_LABELS", "/nowhere/labels.toml")
    with pytest.raises(ConfigurationError) as error:
        flows.ingest()
    texts += traceback.format_exception(error.value)
    texts += [line for lines in everything(engine).values() for line in lines]
    texts += [record.getMessage() for record in caplog.records]
    texts += [path.read_text(errors="replace") for path in Settings().home.rglob("*") if path.is_file()]
    texts += prefect_rows(flows)
    for secret in secrets:
        assert not [line[:300] for line in texts if secret in line], secret


def prefect_rows(flows: SimpleNamespace) -> list[str]:
    """All rows of Prefect's database: flows, tasks, parameters, states, logs and events, which its pages can show."""
    from flows.prefect_tools.single_run import deliver
    from services.postgres.server import embedded_postgres

    deliver()
    from sqlalchemy import create_engine

    with embedded_postgres(flows.home) as server:
        engine = create_engine(server.url("prefect"))
        with engine.connect() as connection:
            tables = connection.scalars(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            ).all()
            lines = [
                str(line)
                for table in tables
                for line in connection.scalars(text(f'SELECT to_jsonb(t)::text FROM "{table}" t'))
            ]
        engine.dispose()
    assert any("ingest labels.toml" in line for line in lines)
    return lines
