"""`labelscope explain`: a prediction of a real model, and what people and programs read of its reasons."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
import soundfile
from sqlalchemy import Engine, text

from config.settings import Settings
from tests.flows.inspection import everything, rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]
Labelscope = Callable[..., str]

LABEL = "SELECT l.name FROM track_labels tl JOIN labels l ON l.id = tl.label_id WHERE tl.track_id = 1"


@pytest.fixture
def engine(trained: Stage, go_on: GoOn) -> Engine:
    """Twelve tracks of three labels, with the predictions of a model."""
    return go_on(trained)


@pytest.fixture
def explained(labelscope: Labelscope) -> Callable[..., dict[str, Any]]:
    """Calls the command for the document of a track or file."""

    def call(of: str | Path, *arguments: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(labelscope("explain", str(of), "--json", *arguments))
        return document

    return call


def change(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_a_track_by_id_and_its_file_have_the_stored_prediction_and_its_reasons(
    engine: Engine, explained: Callable[..., dict[str, Any]], three_labels: Path, tmp_path: Path
) -> None:
    before = everything(engine)
    document = explained("1")
    assert (document["track_id"], document["model_id"]) == (1, 1)
    assert document["probabilities"] == pytest.approx(
        dict(rows(engine, "SELECT label, probability FROM track_scores WHERE track_id = 1")), abs=1e-5
    )
    first, second, _ = sorted(document["probabilities"], key=lambda name: -document["probabilities"][name])
    assert list(document["similar"]) == [first, second]
    nearest = "SELECT track_id, distance FROM similar_tracks(1, 12) WHERE label = '{}' LIMIT 3"
    for label, tracks in document["similar"].items():
        expected = dict(rows(engine, nearest.format(label)))
        assert {track["track_id"]: track["distance"] for track in tracks} == pytest.approx(expected, abs=1e-4)

    # Nine seconds have five crops of 2.97 s, one every half crop.
    assert [round(crop["start_s"], 2) for crop in document["crops"]] == [0, 1.49, 2.97, 4.46, 5.94]
    assert all(sum(crop["probabilities"].values()) == pytest.approx(1) for crop in document["crops"])
    timeline = document["timeline"]
    assert [piece["start_s"] for piece in timeline[1:]] == [piece["end_s"] for piece in timeline[:-1]]
    assert timeline[0]["start_s"] == 0 and timeline[-1]["end_s"] == pytest.approx(8.92, abs=0.01)

    [(uri,)] = rows(engine, "SELECT uri FROM clips WHERE track_id = 1")
    file = three_labels / uri.rsplit("/", 2)[1] / uri.rsplit("/", 1)[1]
    same = explained(file)
    assert "is in the database as" in same["remark"] and same | {"remark": None} == document
    copy = tmp_path / "the same sound.flac"
    copy.write_bytes(file.read_bytes() + b"and some more")
    of_file = explained(copy)
    assert (of_file["track_id"], of_file["label"]) == (None, None)
    assert of_file["probabilities"] == pytest.approx(document["probabilities"], abs=1e-3)
    # Though it is no track, the track of this sound is not among the similar ones.
    assert of_file["similar"].keys() == document["similar"].keys()
    assert 1 not in [track["track_id"] for tracks in of_file["similar"].values() for track in tracks]
    assert everything(engine) == before

    train = "UPDATE training_run_tracks SET split = 'train' WHERE track_id = 1"
    change(engine, train, "DELETE FROM predictions WHERE track_id = 1")
    not_scored = explained(file)
    assert (not_scored["track_id"], not_scored["learnt"], of_file["learnt"]) == (None, True, False)


def test_another_file_of_the_same_recording_is_not_similar(
    engine: Engine, explained: Callable[..., dict[str, Any]]
) -> None:
    def similar() -> list[int]:
        return [track["track_id"] for tracks in explained("1")["similar"].values() for track in tracks]

    by_sound, by_name, *_ = similar()
    change(
        engine,
        f"""UPDATE fingerprints SET landmarks =
               (SELECT landmarks FROM fingerprints JOIN clips c ON c.id = clip_id WHERE c.track_id = 1)
             WHERE clip_id = (SELECT id FROM clips WHERE track_id = {by_sound})""",
        f"UPDATE tracks SET title = (SELECT upper(title) FROM tracks WHERE id = 1) WHERE id = {by_name}",
        f"""UPDATE track_artists SET artist_id = (SELECT artist_id FROM track_artists WHERE track_id = 1)
             WHERE track_id = {by_name}""",
    )
    assert not {by_sound, by_name} & set(similar())


def test_people_read_a_verdict_tables_and_where_the_picture_is(
    engine: Engine, labelscope: Labelscope, tmp_path: Path
) -> None:
    [(label,)] = rows(engine, LABEL)
    prediction = "SELECT nearest, predicted FROM track_predictions WHERE track_id = 1"
    [(nearest, predicted)] = rows(engine, prediction)
    # Track 1 is faster than all others, and otherwise as all of them.
    change(
        engine,
        """UPDATE audio_features SET tempo_bpm = CASE track_id WHEN 1 THEN 141 ELSE 118 + track_id % 2 END,
             loudness_lufs = -9, onset_rate = 2, spectral_centroid_hz = 900, spectral_rolloff_hz = 1800,
             spectral_flatness = 0.01, zero_crossing_rate = 0.05""",
    )
    picture = tmp_path / "why.png"
    output = labelscope("explain", "1", "--picture", str(picture))
    assert f"{'sounds like' if predicted == nearest else 'the nearest is'} {nearest} (0." in output
    assert ("; filed under" in output.splitlines()[0]) == (predicted != label)
    assert f"{nearest} (10th to 90th percentile of {3 if nearest == label else 4} " in output
    assert {tuple(line.split()[:3]) for line in output.splitlines() if "faster" in line} == {
        ("tempo", "141", "BPM")
    }
    assert not any(word in output for word in ("louder", "quieter", "brighter", "noisier"))
    assert output.endswith(f"The clip, 0:00:00 to 0:00:09, is drawn in {picture}.\n")
    assert matplotlib.image.imread(picture).shape[:2] == (720, 1320)

    change(engine, "UPDATE audio_features SET tempo_bpm = 118")
    assert f"Tempo, loudness and timbre are in the usual range of {nearest}" in labelscope("explain", "1")
    change(engine, "DELETE FROM audio_features WHERE track_id <> 1")
    assert f"No other track of {nearest} has audio features to compare with" in labelscope("explain", "1")
    change(
        engine,
        "DELETE FROM embeddings WHERE track_id <> 1",
        "UPDATE training_run_tracks SET split = 'train' WHERE track_id = 1",
    )
    output = labelscope("explain", "1")
    assert f"There is no other track of {nearest} or " in output and "most similar" not in output
    assert output.splitlines()[1].startswith("Learnt: ")


def test_without_pgvector_there_are_the_other_reasons(
    engine: Engine, explained: Callable[..., dict[str, Any]], labelscope: Labelscope
) -> None:
    change(
        engine,
        "DROP FUNCTION similar_tracks",
        "DROP FUNCTION similar_to",
        "DROP TABLE embeddings",
        "DROP EXTENSION vector",
    )
    document = explained("1")
    assert document["similar"] == {} and "Neighbours need pgvector" in document["without_similar"]
    assert len(document["crops"]) == 5
    output = labelscope("explain", "1")
    assert "Similar tracks are not shown. Neighbours need pgvector" in output


def test_a_long_file_has_several_clips_of_which_one_is_drawn(
    engine: Engine, labelscope: Labelscope, recording: Path, tmp_path: Path
) -> None:
    """72 seconds make two clips of 30 s, in the middle of each half."""
    output = labelscope("explain", str(recording), "--picture", str(tmp_path / "why.png"))
    starts = [line.split()[0] for line in output.splitlines() if line.startswith("0:0")]
    assert "0:00:03" in starts and "0:00:39" in starts
    assert "scores 2 clips of the track" in output
    assert "Clip 1 of 2, 0:00:03 to 0:00:33, is drawn" in output


def test_what_cannot_be_explained_gets_a_sentence_with_a_cure(
    engine: Engine, labelscope: Labelscope, tmp_path: Path
) -> None:
    def refused(of: str | Path, code: int = 1) -> str:
        return " ".join(labelscope("explain", str(of), expect=code).split())

    change(engine, "UPDATE tracks SET title = 'Amber Signal' WHERE id IN (2, 4)")
    assert "The closest names are: " in refused("amber sygnal")
    assert "nor a track with a name like it" in refused("999")
    assert "put the file back" in refused(tmp_path / "gone.mp3")
    assert labelscope("explain", "amber signal", read="err").startswith(
        "2 tracks fit 'amber signal'; taken for "
    )

    soundfile.write(tmp_path / "short.wav", np.ones(22_050), 22_050)
    assert "is shorter than one crop of 3 s" in refused(tmp_path / "short.wav")
    (tmp_path / "notes.mp3").write_text("no music")
    assert "notes.mp3 is not a sound file" in refused(tmp_path / "notes.mp3")

    [(path,)] = rows(
        engine, "SELECT path FROM spectrograms s JOIN clips c ON c.id = clip_id WHERE track_id = 3"
    )
    [file] = (Settings().home / "spectrograms").rglob(path)
    file.unlink()
    assert "is lost or damaged: run `labelscope maintain" in refused("3")
    change(engine, "UPDATE clips SET status = 'too_short' WHERE track_id = 3")
    assert "has no clip that can be scored" in refused("3")
