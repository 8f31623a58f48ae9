"""Views of single tracks: all scores, artists between labels, what looks wrong, what changed; paths from URIs."""

from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from db import read, write
from db.read.tracks.predictions import LEAST_SURE_FIRST, NEWEST_FIRST, NOT_LEARNT_FIRST, TrackChoice
from tests.db.trainings import model_rows, prediction, train

# The database is only read, so that examples may share it.
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def select(engine: Engine, query: str, **values: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


@pytest.fixture
def scored(crate: Engine) -> Engine:
    """Tracks 1 and 3 are of Kompakt, 2 and 4 of Drumcode, 1 and 2 trained on; two models have scored them.

    The champion takes 3 for Drumcode, calls 4 unknown, and is right for 1 and 2. The model before was right for all.
    """
    former, champion = train(crate, model_rows("seed")), train(crate, model_rows("labelscope"))
    right = [
        prediction(n, drumcode=0.8 if n in (2, 4) else 0.2, kompakt=0.2 if n in (2, 4) else 0.8)
        for n in range(1, 5)
    ]
    with crate.begin() as connection:
        write.learning.promote(connection, former, "the first")
        write.learning.save_predictions(connection, former, right)
    with crate.begin() as connection:
        write.learning.promote(connection, champion, "better")
        changed = [
            prediction(3, drumcode=0.9, kompakt=0.1),
            prediction(4, known=False, drumcode=0.55, kompakt=0.45),
        ]
        write.learning.save_predictions(connection, champion, [*right[:2], *changed])
        connection.execute(
            text("""
                INSERT INTO artists (provider, external_id, name) VALUES ('folder', 'a', 'A'), ('folder', 'b', 'B');
                INSERT INTO track_artists (track_id, artist_id, position) SELECT id, (id + 1) / 2, 0 FROM tracks;
                INSERT INTO audio_features (track_id, clip_id, origin, extractor_version, tempo_bpm, key, mode)
                VALUES (3, 3, 'librosa', '1', 127.5, 6, 0);
                UPDATE clips SET uri = 'file:///music/%C3%A4%20b/c.mp3' WHERE track_id = 3;
                UPDATE tracks SET first_seen_at = now() - interval '30 days' WHERE id <> 3
            """)
        )
    return crate


def test_a_prediction_has_the_next_label_and_facts_of_the_track(scored: Engine) -> None:
    facts = "SELECT predicted, next_label, next_probability, path, tempo_bpm, key FROM track_predictions"
    assert select(scored, f"{facts} WHERE track_id = 3") == [
        ("Drumcode", "Kompakt", pytest.approx(0.1), "/music/ä b/c.mp3", 127.5, "F♯ minor")
    ]
    [(predicted, following, *_, tempo, key)] = select(scored, f"{facts} WHERE track_id = 4")
    assert (predicted, following, tempo, key) == ("unknown", "Kompakt", None, None)


def test_scores_are_those_of_the_champion_and_sum_to_one(scored: Engine) -> None:
    assert select(scored, "SELECT label, probability FROM track_scores WHERE track_id = 3 ORDER BY 1") == [
        ("Drumcode", pytest.approx(0.9)),
        ("Kompakt", pytest.approx(0.1)),
    ]
    sums = select(scored, "SELECT sum(probability) FROM track_scores GROUP BY track_id")
    assert sums == [(pytest.approx(1),)] * 4


def test_artists_have_the_mean_of_their_tracks_and_ranks(scored: Engine) -> None:
    rows = "SELECT artist, label, tracks, probability, rank FROM artist_predictions ORDER BY artist, rank"
    assert select(scored, rows) == [
        ("A", "Drumcode", 2, pytest.approx(0.5), 1),
        ("A", "Kompakt", 2, pytest.approx(0.5), 2),
        ("B", "Drumcode", 2, pytest.approx(0.725), 1),
        ("B", "Kompakt", 2, pytest.approx(0.275), 2),
    ]


def test_only_a_known_other_label_is_suspected_the_surest_first(scored: Engine) -> None:
    columns = "track_id, label, predicted, confidence, label_probability, learnt"
    assert select(scored, f"SELECT {columns} FROM suspected_mislabelled") == [
        (3, "Kompakt", "Drumcode", pytest.approx(0.9), pytest.approx(0.1), False)
    ]


def test_of_tracks_that_the_champion_learnt_the_label_checks_count(scored: Engine) -> None:
    checks = """
        INSERT INTO label_checks (training_run_id, track_id, label_id, predicted_id, confidence, label_probability)
        SELECT 2, c.track_id, own.id, guess.id, c.confidence, 1 - c.confidence
          FROM (VALUES (1, 'kompakt', 'drumcode', 0.6), (2, 'drumcode', 'kompakt', 0.4), (3, 'kompakt', 'kompakt', 0.9))
                 AS c (track_id, label, predicted, confidence)
          JOIN labels own ON own.slug = c.label JOIN labels guess ON guess.slug = c.predicted
    """
    with scored.begin() as connection:
        connection.execute(text(checks))
        found = read.tracks.predictions.suspects(connection, TrackChoice(), 10)
        assert [(track.track_id, track.predicted, track.learnt) for track in found] == [
            (3, "Drumcode", False),
            (1, "Drumcode", True),
        ]
        choice = TrackChoice(label="Kompakt", predicted="Drumcode", track_ids=[1, 2])
        assert [track.track_id for track in read.tracks.predictions.suspects(connection, choice, 10)] == [1]
        assert read.tracks.predictions.count_suspects(connection, choice) == 1


def test_a_track_that_no_playlist_holds_leaves_every_view(scored: Engine) -> None:
    views = ("track_predictions", "track_scores", "suspected_mislabelled", "changed_predictions")
    with scored.begin() as connection:
        connection.execute(text("UPDATE playlist_tracks SET removed_at = now() WHERE track_id = 3"))
    for view in views:
        assert select(scored, f"SELECT count(*) FROM {view} WHERE track_id = 3") == [(0,)], view
    assert select(scored, "SELECT tracks FROM artist_predictions WHERE artist = 'B'") == [(1,), (1,)]
    assert select(scored, "SELECT track_id, label, path FROM removed_tracks") == [
        (3, "Kompakt", "/music/ä b/c.mp3")
    ]
    with scored.connect() as connection:
        assert read.problems.counts(connection).tracks == 3


def test_predictions_that_changed_from_model_to_model_are_listed(scored: Engine) -> None:
    changes = "SELECT track_id, predicted_before, predicted FROM changed_predictions ORDER BY 1"
    assert select(scored, changes) == [(3, "Kompakt", "Drumcode"), (4, "Drumcode", "unknown")]


@pytest.mark.parametrize(
    ("choice", "order", "expected"),
    [
        (TrackChoice(), NEWEST_FIRST, [3, 4, 2, 1]),
        (TrackChoice(), LEAST_SURE_FIRST, [4, 1, 2, 3]),
        (TrackChoice(), NOT_LEARNT_FIRST, [3, 4, 1, 2]),
        (TrackChoice(label="Kompakt"), NEWEST_FIRST, [3, 1]),
        (TrackChoice(predicted="unknown"), NEWEST_FIRST, [4]),
        (TrackChoice(track_ids=[2, 3]), NEWEST_FIRST, [3, 2]),
    ],
)
def test_lists_hold_what_fits_every_choice(
    scored: Engine, choice: TrackChoice, order: str, expected: list[int]
) -> None:
    with scored.connect() as connection:
        found = read.tracks.predictions.predicted_tracks(connection, choice, order, 10)
        assert [track.track_id for track in found] == expected
        assert read.tracks.predictions.count_predicted_tracks(connection, choice) == len(expected)


def test_new_tracks_are_those_first_seen_since(scored: Engine) -> None:
    with scored.connect() as connection:
        [(since,)] = connection.execute(text("SELECT first_seen_at FROM tracks WHERE id = 3"))
        found = read.tracks.predictions.predicted_tracks(
            connection, TrackChoice(since=since), NEWEST_FIRST, 10
        )
    assert [track.track_id for track in found] == [3]


@SHARED
@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1), min_size=1
    )
)
def test_every_path_is_read_back_from_its_uri(engine: Engine, parts: list[str]) -> None:
    path = Path("/", *parts)
    assert select(engine, "SELECT file_path(:uri)", uri=path.as_uri()) == [(str(path),)]


@SHARED
@given(st.binary().filter(lambda name: b"\0" not in name and not _is_utf_8(name)))
def test_a_path_that_is_not_utf_8_stays_a_uri(engine: Engine, name: bytes) -> None:
    uri = f"file:///{quote_from_bytes(name)}"
    assert select(engine, "SELECT file_path(:uri)", uri=uri) == [(uri,)]


def _is_utf_8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
