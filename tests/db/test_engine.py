"""Addresses, read-only queries, and locks."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, InternalError

from db.engine import AddressError, Lock, NoAnswerError, normalised_url, read_only, try_lock


def answered(
    engine: Engine, query: str, seconds: int = 5, limit: int = 9
) -> tuple[list[str], list[tuple[object, ...]], bool]:
    with read_only(engine, query, seconds, limit) as answer:
        rows = list(answer.rows)
    return answer.columns, rows, answer.cut


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_an_address_may_be_written_in_each_usual_way(scheme: str) -> None:
    url = normalised_url(f"{scheme}://me:p%40ss@example.net:5433/music")
    assert url == "postgresql+psycopg://me:p%40ss@example.net:5433/music"


@pytest.mark.parametrize("address", ["mysql://x/y", "sqlite:///x.db", "nonsense", ""])
def test_any_other_address_is_refused_in_a_sentence(address: str) -> None:
    with pytest.raises(AddressError, match="DATABASE_URL"):
        normalised_url(address)


def test_a_query_has_columns_and_rows_and_percent_signs_are_literal(engine: Engine) -> None:
    assert answered(engine, "SELECT 1 AS one, 'a%b%s' AS two") == (["one", "two"], [(1, "a%b%s")], False)


def test_a_query_without_rows_has_columns(engine: Engine) -> None:
    assert answered(engine, "SELECT id FROM tracks") == (["id"], [], False)
    assert answered(engine, "SET search_path TO public") == ([], [], False)


def test_rows_beyond_the_limit_are_never_fetched(engine: Engine) -> None:
    endless = "SELECT generate_series(1, 2000000000) AS n"
    assert answered(engine, endless, limit=2) == (["n"], [(1,), (2,)], True)
    assert answered(engine, "VALUES (1), (2)", limit=2) == (["column1"], [(1,), (2,)], False)


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
def test_a_read_only_query_changes_nothing(engine: Engine, statement: str) -> None:
    with pytest.raises(Exception, match=r"read-only|multiple commands"):
        answered(engine, statement)


@pytest.mark.parametrize(
    "statement", ["COPY tracks TO STDOUT", "COPY (SELECT 1) TO STDOUT", "-- nothing", ";"]
)
def test_a_statement_without_rows_is_refused_and_the_next_query_works(engine: Engine, statement: str) -> None:
    with pytest.raises(NoAnswerError, match=r"^(COPY is not answered here|There is no statement)"):
        answered(engine, statement)
    assert answered(engine, "SELECT 1 AS n") == (["n"], [(1,)], False)


@pytest.mark.parametrize(
    ("statement", "columns"),
    [
        ("SHOW work_mem", ["work_mem"]),
        ("EXPLAIN SELECT 1", ["QUERY PLAN"]),
        ("TABLE alembic_version", ["version_num"]),
        ("LISTEN x", []),
        ("DO 'BEGIN END'", []),
        ("COMMIT", []),
    ],
)
def test_other_statements_than_select_are_allowed(engine: Engine, statement: str, columns: list[str]) -> None:
    assert answered(engine, statement)[0] == columns


def test_the_first_row_is_there_before_the_last_is_made(engine: Engine) -> None:
    # Long rows, as PostgreSQL sends what it has at 8 KiB. Who waited for the last one would see the statement given up.
    slow = "SELECT n, repeat('x', 20000), CASE WHEN n = 5 THEN pg_sleep(60) END FROM generate_series(1, 5) n"
    with read_only(engine, slow, 5, 9) as answer:
        assert next(answer.rows)[0] == 1


def test_a_slow_query_is_cancelled(engine: Engine) -> None:
    with pytest.raises(Exception, match="statement timeout"):
        answered(engine, "SELECT pg_sleep(30)", seconds=1)


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


def test_work_that_succeeded_survives_the_loss_of_its_lock(engine: Engine) -> None:
    with try_lock(engine, Lock.RETRAIN) as held, engine.connect() as connection:
        assert held
        connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
    with try_lock(engine, Lock.RETRAIN) as held:
        assert held
