"""Fingerprints of clips that were extracted without one."""

from collections.abc import Callable
from types import SimpleNamespace

from sqlalchemy import Engine, text

from config.settings import Settings
from tests.flows.inspection import rows
from tests.stages import Stage

FINGERPRINTS = "SELECT clip_id, version, landmarks, sketch FROM fingerprints ORDER BY 1"


def test_ready_clips_get_a_fingerprint_without_reading_audio(
    flows: SimpleNamespace, extracted: Stage, go_on: Callable[[Stage], Engine]
) -> None:
    engine = go_on(extracted)
    before = rows(engine, FINGERPRINTS)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM fingerprints"))
        connection.execute(text("UPDATE clips SET uri = uri || '.gone'"))
    done = flows.extract()
    assert (done.ready, done.rejected, done.too_short) == (0, 0, 0)
    assert rows(engine, FINGERPRINTS) == before != []
    assert rows(engine, "SELECT DISTINCT status FROM clips") == [("ready",)]


def test_a_clip_without_its_spectrogram_file_is_extracted_again(
    flows: SimpleNamespace, extracted: Stage, go_on: Callable[[Stage], Engine]
) -> None:
    engine = go_on(extracted)
    before = rows(engine, FINGERPRINTS)
    ((clip, path),) = rows(engine, "SELECT clip_id, path FROM spectrograms ORDER BY 1 LIMIT 1")
    (file,) = (Settings().home / "spectrograms").glob(f"*/{path}")
    file.unlink()
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM fingerprints WHERE clip_id = :clip"), {"clip": clip})
    assert flows.extract().ready == 1
    assert file.is_file() and rows(engine, FINGERPRINTS) == before
