"""Addresses, read-only questions, and locks."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, InternalError

from db.engine import AddressError, Answer, Lock, normalised_url, read_only, try_lock


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_an_address_may_be_written_in_each_usual_way(scheme: str) -> None:
    url = normalised_url(f"{scheme}://me:p%40ss@example.net:5433/music")
    assert url == "postgresql+psycopg://me:p%40ss@example.net:5433/music"


@pytest.mark.parametrize("address", ["mysql://x/y", "sqlite:///x.db", "nonsense", ""])
def test_any_other_address_is_refused_in_a_sentence(address: str) -> None:
    with pytest.raises(AddressError, match="DATABASE_URL"):
        normalised_url(address)


def test_a_question_has_columns_and_rows_and_percent_signs_mean_nothing(engine: Engine) -> None:
    assert read_only(engine, "SELECT 1 AS one, 'a%b%s' AS two", 5, 9) == Answer(
        ["one", "two"], [(1, "a%b%s")]
    )


def test_a_question_without_rows_has_columns_all_the_same(engine: Engine) -> None:
    assert read_only(engine, "SELECT id FROM tracks", 5, 9) == Answer(["id"], [])
    assert read_only(engine, "SET search_path TO public", 5, 9) == Answer([], [])


def test_rows_beyond_the_limit_are_never_fetched(engine: Engine) -> None:
    endless = "SELECT generate_series(1, 2000000000) AS n"
    assert read_only(engine, endless, 5, 2) == Answer(["n"], [(1,), (2,)], cut=True)
    assert read_only(engine, "VALUES (1), (2)", 5, 2) == Answer(["column1"], [(1,), (2,)])


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM tracks",
        "COMMIT; DELETE FROM tracks",
        "WITH gone AS (DELETE FROM labels RETURNING id) SELECT * FROM gone",
        "CREATE TABLE mine (id int)",
        "SELECT nextval('labels_id_seq')",
    ],
)
def test_a_question_can_change_nothing(engine: Engine, statement: str) -> None:
    with pytest.raises(Exception, match=r"read-only|multiple commands"):
        read_only(engine, statement, 5, 9)


def test_a_slow_question_is_given_up(engine: Engine) -> None:
    with pytest.raises(Exception, match="statement timeout"):
        read_only(engine, "SELECT pg_sleep(30)", 1, 9)


def test_a_lock_is_held_by_one_and_freed_when_its_holder_is_killed(engine: Engine) -> None:
    with try_lock(engine, Lock.RETRAIN) as first, try_lock(engine, Lock.RETRAIN) as second:
        assert (first, second) == (True, False)
    with pytest.raises(DBAPIError), try_lock(engine, Lock.RETRAIN) as first:
        assert first
        with engine.connect() as connection:
            holder = text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
            connection.execute(holder)
        raise InternalError("the connection is gone", None, Exception())
    with try_lock(engine, Lock.RETRAIN) as held:
        assert held


def test_work_that_ended_well_does_not_fail_for_a_lock_that_was_lost_meanwhile(engine: Engine) -> None:
    with try_lock(engine, Lock.RETRAIN) as held, engine.connect() as connection:
        assert held
        connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
    with try_lock(engine, Lock.RETRAIN) as held:
        assert held
