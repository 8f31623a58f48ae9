"""`labelscope similar` and `map`: the neighbours in a small crate by a real model, and how it is shown."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from config.settings import Settings
from flows.home.environment import open_database
from tests.flows.inspection import rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]
Labelscope = Callable[..., str]

COUNTS = "SELECT model_id, count(*) FROM embeddings GROUP BY 1 ORDER BY 1"
COMPLETE = "SELECT id FROM models WHERE embedded_at IS NOT NULL"


def name_of(engine: Engine, track_id: int) -> str:
    names = """SELECT a.name || ' - ' || t.title FROM tracks t JOIN track_artists ta ON ta.track_id = t.id
                 JOIN artists a ON a.id = ta.artist_id WHERE t.id = {}"""
    [(name,)] = rows(engine, names.format(track_id))
    return str(name)


def test_a_track_a_file_and_sql_have_the_same_neighbours(
    trained: Stage, go_on: GoOn, three_labels: Path, labelscope: Labelscope, tmp_path: Path
) -> None:
    engine = go_on(trained)
    assert rows(engine, COUNTS) == [(1, 12)] and rows(engine, COMPLETE) == [(1,)]

    answer = json.loads(labelscope("similar", name_of(engine, 1), "--json", "--number", "4"))
    assert answer["like"] == name_of(engine, 1)
    expected = [(row["track_id"], row["distance"]) for row in answer["neighbours"]]
    assert expected == rows(engine, "SELECT track_id, distance FROM similar_tracks(1, 4)")
    assert (
        len(expected) == 4
        and expected == sorted(expected, key=lambda pair: pair[1])
        and 1 not in dict(expected)
    )
    assert set(answer["neighbours"][0]) == {"track_id", "artists", "title", "label", "predicted", "distance"}

    [(uri,)] = rows(engine, "SELECT uri FROM clips WHERE track_id = 1 LIMIT 1")
    file = three_labels / uri.rsplit("/", 2)[1] / uri.rsplit("/", 1)[1]
    before = rows(engine, "SELECT count(*) FROM tracks")
    itself = json.loads(labelscope("similar", str(file), "--json", "--number", "4"))["neighbours"]
    assert [(row["track_id"], row["distance"]) for row in itself] == expected
    copy = tmp_path / "the same sound.flac"
    copy.write_bytes(file.read_bytes() + b"and some more")
    neighbours = json.loads(labelscope("similar", str(copy), "--json", "--number", "5"))["neighbours"]
    assert neighbours[0]["track_id"] == 1 and neighbours[0]["distance"] == pytest.approx(0, abs=1e-4)
    assert [row["track_id"] for row in neighbours[1:]] == [track for track, _ in expected]
    assert rows(engine, "SELECT count(*) FROM tracks") == before

    head, *lines = labelscope("similar", name_of(engine, 1)).splitlines()
    assert head.split() == ["artists", "title", "label", "predicted", "distance"] and len(lines) == 10


def test_a_name_of_no_track_or_several_gets_a_sentence(
    trained: Stage,
    go_on: GoOn,
    labelscope: Labelscope,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    engine = go_on(trained)
    with engine.begin() as connection:
        connection.execute(text("UPDATE tracks SET title = 'Amber Signal' WHERE id = 2"))
        connection.execute(text("UPDATE tracks SET title = 'Amber Signal (Dub)' WHERE id = 3"))
        connection.execute(text("UPDATE tracks SET title = 'Amber Signal' WHERE id = 4"))
    from flows.similar.similar import similar

    def remark(name: str) -> str:
        return similar(Settings(), name, 3).remark or ""

    assert remark(name_of(engine, 2)) == "" and remark("2") == ""
    assert similar(Settings(), "2", 3) == similar(Settings(), name_of(engine, 2), 3)
    assert f"taken for {name_of(engine, 3)}." in remark("amber signal dub")
    assert remark("amber signal").startswith("2 tracks fit 'amber signal'; taken for ")
    assert remark("ambe").startswith("3 tracks fit")

    def refused(name: str) -> str:
        [sentence] = labelscope("similar", name, expect=1).strip().splitlines()
        return sentence

    assert "The closest names are: " in refused("amber nonsense") and "Amber Signal (Dub)" in refused(
        "amber nonsense"
    )
    assert "The closest names are: " in refused("ambre singal") and "Amber Signal" in refused("ambre singal")
    assert "nor a track with a name like it" in refused("zzzz")
    assert "put the file back" in refused("zzzz.mp3")
    assert "The closest names" not in refused("amber signal.flac")
    for odd in ("~zzzz - zzzz", "z" * 1000, "zz\udcffzz"):  # ~ of nobody, too long for a file, no text
        assert "nor a track with a name like it" in refused(odd)
    (tmp_path / "notes.mp3").write_text("no music")
    assert "notes.mp3" in refused(str(tmp_path / "notes.mp3"))
    assert "has no embedding of" in _without_embedding(engine, labelscope)


OTHER_LABEL = """
    INSERT INTO playlist_tracks (playlist_id, track_id)
    SELECT id, 5 FROM playlists WHERE id NOT IN (SELECT playlist_id FROM playlist_tracks WHERE track_id = 5)
"""


def _without_embedding(engine: Engine, labelscope: Labelscope) -> str:
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM embeddings WHERE track_id = 3"))
    return labelscope("similar", "Amber Signal (Dub)", expect=1)


def test_the_map_has_each_track_and_is_the_same_again(
    trained: Stage, go_on: GoOn, labelscope: Labelscope, tmp_path: Path
) -> None:
    engine = go_on(trained)
    with engine.begin() as connection:
        connection.execute(text(OTHER_LABEL))
    tracks = json.loads(labelscope("map", "--json"))
    assert [track["track_id"] for track in tracks] == list(range(1, 13))
    assert tracks[4]["label"] is None and len({track["label"] for track in tracks}) == 4
    assert len({(track["x"], track["y"]) for track in tracks}) == 12
    assert json.loads(labelscope("map", "--json")) == tracks
    picture = tmp_path / "crate.png"
    assert labelscope("map", "--picture", str(picture)).startswith("12 tracks are on ")
    assert picture.read_bytes().startswith(b"\x89PNG")

    from flows.scoring.map import map_of

    with open_database(Settings()) as same, same.connect() as connection:
        some = [place.track_id for place in map_of(connection, 5)]
        assert len(some) == 5 and [place.track_id for place in map_of(connection, 5)] == some

    assert "There is no folder" in labelscope("map", "--picture", str(tmp_path / "no" / "map.png"), expect=2)
    assert "is a folder; name a file" in labelscope("map", "--picture", ".", expect=2)
    assert "name it crate.png" in labelscope("map", "--picture", str(tmp_path / "crate.svg"), expect=2)


def test_embeddings_belong_to_the_model_in_use_and_predictions_stay(
    rivals: Stage, go_on: GoOn, labelscope: Labelscope
) -> None:
    engine = go_on(rivals)
    before = rows(engine, "SELECT * FROM predictions ORDER BY id")
    labelscope("promote", "3")
    assert rows(engine, COUNTS) == [(3, 12)] and rows(engine, COMPLETE) == [(3,)]
    answer = labelscope("promote", "1")
    assert "0 tracks scored by model 1, 12 analysed again for their neighbours" in answer
    assert rows(engine, COUNTS) == [(1, 12)] and rows(engine, COMPLETE) == [(1,)]
    assert rows(engine, "SELECT * FROM predictions WHERE model_id = 1 ORDER BY id") == before
    assert "analysed again" not in labelscope("predict")


def test_without_pgvector_there_are_predictions_and_sentences_and_later_neighbours(
    rivals: Stage, go_on: GoOn, labelscope: Labelscope
) -> None:
    engine = go_on(rivals)
    absent = "ALTER DATABASE {} {} extension_control_path {}"
    name = engine.url.database
    with engine.begin() as connection:
        for function in ("similar_tracks", "similar_to"):
            connection.execute(text(f"DROP FUNCTION {function}"))
        connection.execute(text("DROP TABLE embeddings"))
        connection.execute(text("DROP EXTENSION vector"))
        connection.execute(text("UPDATE models SET embedded_at = NULL"))
        connection.execute(text(absent.format(name, "SET", "= '/nowhere'")))
    engine.dispose()
    assert "12 tracks scored by model 3" in labelscope("promote", "3")
    assert "install it in this PostgreSQL" in labelscope("similar", "anything", expect=1)
    assert "It cannot find neighbours" in labelscope("db", "upgrade")
    with engine.begin() as connection:
        connection.execute(text(absent.format(name, "RESET", "")))
    engine.dispose()
    assert "CREATE EXTENSION vector" in labelscope("map", expect=1)
    with engine.begin() as connection:
        connection.execute(text("CREATE EXTENSION vector"))
    assert "it is installed, so run `labelscope db upgrade`" in labelscope("map", expect=1)
    with engine.begin() as connection:
        connection.execute(text("UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'"))
    assert "this database has 0.7.4" in labelscope("map", expect=1)
    assert "It cannot find neighbours" in labelscope("db", "upgrade")
    with engine.begin() as connection:
        connection.execute(text("DROP EXTENSION vector"))
    engine.dispose()
    assert "cannot" not in labelscope("db", "upgrade")
    assert "run `labelscope predict`" in labelscope("similar", "anything", expect=1)
    assert "12 analysed again" in labelscope("predict")
    assert len(labelscope("similar", name_of(engine, 1)).splitlines()) == 11


def test_neighbours_of_several_tracks_fit_the_wishes(
    trained: Stage, go_on: GoOn, labelscope: Labelscope, tmp_path: Path
) -> None:
    engine = go_on(trained)

    def found(*arguments: str) -> list[int]:
        answer = json.loads(labelscope("similar", *arguments, "--json", read="out"))
        distances = [row["distance"] for row in answer["neighbours"]]
        assert distances == sorted(distances)
        return [row["track_id"] for row in answer["neighbours"]]

    everything = found("1", "2", "-n", "100")
    assert len(everything) == 10 and not {1, 2} & set(everything)
    assert found("1", "2", "-n", "3") == everything[:3]
    facts = {
        track: (tempo, path, artists)
        for track, tempo, path, artists in rows(
            engine, "SELECT track_id, tempo_bpm, path, artists FROM track_predictions"
        )
    }
    tempo = facts[everything[0]][0]
    slow = [track for track in everything if facts[track][0] <= tempo]
    assert found("1", "2", "--tempo", f"1-{tempo}") == slow
    played = tmp_path / "played.m3u8"
    played.write_text(f"#EXTM3U\n{facts[everything[0]][1]}\nnot there.mp3\n")
    assert found("1", "2", "-n", "3", "--without", str(played)) == everything[1:4]
    of_artists = [facts[track][2] for track in found("1", "2", "--per-artist", "1")]
    assert len(set(of_artists)) == len(of_artists)
    in_key = found("1", "--key", "compatible", "-n", "100")
    assert set(in_key) <= set(facts) - {1}
    assert "write --tempo 124-130" in labelscope("similar", "1", "--tempo", "fast", expect=2)
    assert "is no key" in labelscope("similar", "1", "--key", "H", expect=1)
    assert "There is no file" in labelscope("similar", "1", "--without", "gone.m3u", expect=1)
