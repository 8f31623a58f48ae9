"""Embeddings in PostgreSQL: similar tracks by index and by role, and the life of embeddings."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, Engine, create_engine, make_url, text

from db import migrate, read, write
from db.engine import open_engine
from db.pgvector import add_neighbours
from db.roles import PIPELINE, READER, as_role, make_roles
from db.write.embeddings import as_vector, complete_embeddings, save_embeddings
from tests.db.contents import JOIN_PLAYLIST
from tests.db.trainings import ALLOWED, prediction, train

INDEX = "ix_embeddings_embedding"
MORE = 400  # made-up tracks


def towards(*numbers: float) -> list[float]:
    """A vector that begins with these numbers."""
    return [*numbers, *[0.0] * (256 - len(numbers))]


@pytest.fixture
def champion(crate: Engine) -> int:
    """A model in use that has scored all four tracks: 1 and 2 sound the same, 3 nearly so, 4 does not."""
    model = train(crate)
    with crate.begin() as connection:
        write.learning.promote(connection, model, "It is the first.")
        score(connection, model, {1: towards(1), 2: towards(1), 3: towards(1, 0.5), 4: towards(0, 1)})
    return model


def score(connection: Connection, model: int, embeddings: dict[int, list[float]]) -> None:
    predictions = [prediction(track, drumcode=0.9, kompakt=0.1) for track in embeddings]
    write.learning.save_predictions(connection, model, predictions)
    save_embeddings(connection, model, embeddings)


def near(connection: Connection, track_id: int, number: int = 10) -> list[tuple[int, float]]:
    found = read.embeddings.similar_tracks(connection, track_id, number)
    return [(row.track_id, round(row.distance, 3)) for row in found]


def test_similar_tracks_come_first_and_exclude_the_track_itself(crate: Engine, champion: int) -> None:
    with crate.connect() as connection:
        assert near(connection, 1) == [(2, 0.0), (3, 0.106), (4, 1.0)]
        assert near(connection, 2, 1) == [(1, 0.0)]
        assert near(connection, 4) == [(3, 0.553), (1, 1.0), (2, 1.0)]
        assert near(connection, 99) == []
        found = read.embeddings.similar_to(connection, as_vector(towards(0, 2)), 2)
        assert [(row.track_id, round(row.distance, 3)) for row in found] == [(4, 0.0), (3, 0.553)]
        first = read.embeddings.similar_tracks(connection, 1, 1)[0]._asdict()
    assert first | {"distance": 0} == {
        "track_id": 2,
        "artists": None,
        "title": "track 2",
        "label": "Drumcode",
        "predicted": "Drumcode",
        "distance": 0,
    }


@pytest.mark.parametrize("role", [READER, PIPELINE])
def test_roles_that_own_nothing_ask_in_a_new_session(
    crate: Engine, champion: int, database_url: str, role: str
) -> None:
    make_roles(database_url)
    engine = open_engine(as_role(database_url, role))
    with engine.connect() as connection:
        query = "SELECT track_id, distance FROM similar_tracks(1, 2)"
        assert [row.track_id for row in connection.execute(text(query))] == [2, 3]
        beside = "SELECT t.id, s.track_id FROM tracks t, similar_tracks(t.id, 1) s WHERE t.id <> 3 ORDER BY 1"
        assert [tuple(row) for row in connection.execute(text(beside))] == [(1, 2), (2, 1), (4, 3)]
    engine.dispose()


@pytest.fixture
def many(crate: Engine, champion: int) -> Engine:
    """Some hundred tracks more, and of each an embedding by a model that is not in use, nearer to all there is."""
    random = np.random.default_rng(0)
    with crate.begin() as connection:
        more = connection.scalars(
            text("""
                INSERT INTO tracks (provider, external_id, title)
                SELECT 'folder', 'sha256:more ' || n, 'more ' || n FROM generate_series(1, :more) n RETURNING id
            """),
            {"more": MORE},
        ).all()
        connection.execute(text(JOIN_PLAYLIST))
        before = connection.scalar(
            text("""
                INSERT INTO models (training_run_id, architecture, path, sha256, bytes, status)
                VALUES (1, 'before', '', repeat('0', 64), 1, 'retired') RETURNING id
            """)
        )
        far = {track: random.normal(0, 1, 256).tolist() for track in more}
        save_embeddings(connection, champion, far)
        close = {track: towards(1, *random.normal(0, 0.02, 255)) for track in more}
        save_embeddings(connection, before, close)
    with crate.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE embeddings"))
    return crate


def searched(
    connection: Connection, track_ids: Sequence[int], settings: str
) -> tuple[list[list[int]], list[str]]:
    """What is found near these, and the plans of the statements in the functions, as PostgreSQL logs them."""
    plans: list[str] = []
    driver: Any = connection.connection.driver_connection
    driver.add_notice_handler(lambda notice: plans.append(notice.message_primary or ""))
    for statement in (
        "LOAD 'auto_explain'",
        "SET auto_explain.log_min_duration = 0",
        "SET auto_explain.log_nested_statements = on",
        "SET client_min_messages = log",
        settings,
    ):
        connection.execute(text(statement))
    found = [
        [row.track_id for row in read.embeddings.similar_tracks(connection, track, 10)] for track in track_ids
    ]
    return found, [plan for plan in plans if "<=>" in plan]


def test_the_index_finds_the_same_tracks_as_a_full_search(many: Engine) -> None:
    track_ids = range(1, 61)
    with many.connect() as connection:
        by_index, plans = searched(connection, track_ids, "SET enable_sort = off")
    assert len(plans) == 60 and all(f"Index Scan using {INDEX}" in plan for plan in plans)
    with many.connect() as connection:
        exact, plans = searched(connection, track_ids, "SET enable_indexscan = off")
    assert len(plans) == 60 and not any(INDEX in plan for plan in plans)
    assert by_index[0][:2] == exact[0][:2] == [2, 3]
    assert all(len(found) == 10 for found in by_index)
    missed = sum(len(set(right) - set(found)) for right, found in zip(exact, by_index, strict=True))
    assert missed <= 0.05 * 600


def test_embeddings_go_with_their_track_and_with_their_model(crate: Engine, champion: int) -> None:
    with crate.begin() as connection:
        connection.execute(text("DELETE FROM tracks WHERE id = 2"))
        assert near(connection, 1) == [(3, 0.106), (4, 1.0)]
        connection.execute(text("DELETE FROM models"))
        assert connection.scalar(text("SELECT count(*) FROM embeddings")) == 0


def test_embeddings_that_are_there_are_left_alone(crate: Engine, champion: int) -> None:
    with crate.begin() as connection:
        save_embeddings(connection, champion, {1: towards(0, 1)})
        save_embeddings(connection, champion, {})
        assert near(connection, 1, 1) == [(2, 0.0)]


def waiting(connection: Connection, model: int) -> list[int]:
    return read.embeddings.tracks_without_embedding(connection, model, 1, ALLOWED)


def test_embeddings_of_a_new_champion_replace_the_old_ones_when_complete(
    crate: Engine, champion: int
) -> None:
    with crate.begin() as connection:
        assert complete_embeddings(connection, champion, ALLOWED)
    new = train(crate)
    with crate.begin() as connection:
        assert not complete_embeddings(connection, new, ALLOWED)  # it is not in use
        write.learning.promote(connection, new, "It is better.")
        predictions = [prediction(track, drumcode=0.9, kompakt=0.1) for track in (1, 2, 3)]
        write.learning.save_predictions(
            connection, new, predictions
        )  # as an earlier version did, or without pgvector
        assert waiting(connection, new) == [1, 2, 3]
        assert near(connection, 1) == []  # and not those of another space
        save_embeddings(connection, new, {1: towards(1), 2: towards(0, 1)})
        assert not complete_embeddings(connection, new, ALLOWED)
        connection.execute(text("UPDATE clips SET status = 'new' WHERE track_id = 3"))
        assert waiting(connection, new) == []
        assert not complete_embeddings(connection, new, ALLOWED)  # its clip will be there again
        assert read.embeddings.is_complete(connection, champion) and not read.embeddings.is_complete(
            connection, new
        )
        save_embeddings(connection, new, {3: towards(1)})
        assert complete_embeddings(connection, new, ALLOWED)
        assert near(connection, 1) == [(3, 0.0), (2, 1.0)]
        models = "SELECT DISTINCT model_id FROM embeddings"
        assert connection.scalars(text(models)).all() == [new]
        assert read.embeddings.is_complete(connection, new) and not read.embeddings.is_complete(
            connection, champion
        )


def test_a_track_without_usable_audio_is_not_predicted(crate: Engine, champion: int) -> None:
    with crate.begin() as connection:
        connection.execute(text("DELETE FROM embeddings WHERE track_id = 4"))
        assert waiting(connection, champion) == [4]
        connection.execute(text("UPDATE clips SET provider = 'spotify' WHERE track_id = 4"))
        assert waiting(connection, champion) == []
        assert complete_embeddings(connection, champion, ALLOWED)


def test_embeddings_are_added_once_pgvector_is_installed(
    empty_database: str,
) -> None:
    name = make_url(empty_database).database
    engine = create_engine(empty_database, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET extension_control_path = '/nowhere'"))
    migrate.upgrade(empty_database)
    assert not add_neighbours(empty_database)
    engine.dispose()
    with engine.connect() as connection:
        assert not read.embeddings.is_there(connection) and not read.embeddings.is_available(connection)
        write.embeddings.save_embeddings(connection, 1, {1: towards(1)})
        assert connection.scalar(text("SELECT count(*) FROM track_predictions")) == 0
        connection.execute(text(f"ALTER DATABASE {name} RESET extension_control_path"))
    engine.dispose()
    with engine.connect() as connection:
        assert read.embeddings.is_available(connection) and not read.embeddings.is_there(connection)
    assert add_neighbours(empty_database) and add_neighbours(empty_database)
    migrate.check(empty_database)
    migrate.downgrade(empty_database)
    migrate.upgrade(empty_database)
    engine.dispose()


def test_an_owner_without_the_right_to_create_extensions_gets_them_later(
    empty_database: str,
) -> None:
    name = make_url(empty_database).database
    engine = create_engine(empty_database, isolation_level="AUTOCOMMIT")
    owner = as_role(empty_database, f"owner_of_{name}")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE ROLE owner_of_{name} LOGIN"))
        connection.execute(text(f"ALTER DATABASE {name} OWNER TO owner_of_{name}"))
        migrate.upgrade(owner)
        assert not read.embeddings.is_there(connection)
        connection.execute(text("CREATE EXTENSION vector"))
        assert add_neighbours(owner)
        assert read.embeddings.is_there(connection)
        assert connection.scalar(text("SELECT count(*) FROM similar_tracks(1, 2)")) == 0
    engine.dispose()
