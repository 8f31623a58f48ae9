"""Attacks by a reader, on the embedded PostgreSQL and on a server with the documented SQL."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import make_url

from db import migrate
from db.engine import libpq_url
from db.rights import RIGHTS
from db.roles import PIPELINE, READER, as_role, keep_roles, make_roles
from services.postgres.server import PostgresAddress, ensure_database
from tests.services.postgres.own_postgres import own_postgres

PASSWORD = "secret"
DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "roles.md"

REFUSED = [
    "INSERT INTO labels (slug, name) VALUES ('mine', 'Mine')",
    "UPDATE tracks SET title = 'mine'",
    "DELETE FROM tracks",
    "TRUNCATE tracks CASCADE",
    "MERGE INTO labels USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
    "SELECT * FROM tracks FOR UPDATE",
    "SELECT * FROM tracks FOR KEY SHARE",
    "LOCK TABLE tracks IN ROW SHARE MODE",
    "SELECT nextval('labels_id_seq')",
    "SELECT setval('labels_id_seq', 9)",
    "SELECT * FROM labels_id_seq",
    "CREATE TABLE mine (n int)",
    "CREATE TEMPORARY TABLE mine (n int)",
    "CREATE TEMPORARY VIEW mine AS SELECT 1",
    "CREATE TEMPORARY SEQUENCE mine",
    "SELECT 1 AS n INTO TEMPORARY mine",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION pg_trgm",
    "CREATE ROLE mine",
    "CREATE DATABASE mine",
    "CREATE PUBLICATION mine",
    "CREATE SERVER mine FOREIGN DATA WRAPPER mine",
    "ALTER ROLE labelscope_reader CONNECTION LIMIT -1",
    "ALTER ROLE labelscope_reader SET temp_file_limit = -1",
    "ALTER ROLE labelscope_reader RESET temp_file_limit",
    "ALTER ROLE labelscope_pipeline PASSWORD 'mine'",
    "ALTER DATABASE {database} SET default_transaction_read_only = on",
    "COMMENT ON DATABASE {database} IS 'mine'",
    "SET temp_file_limit = -1",
    "SET ROLE labelscope_pipeline",
    "SET ROLE pg_read_all_data",
    "SET SESSION AUTHORIZATION labelscope_pipeline",
    "SET session_replication_role = replica",
    "SELECT lo_create(0)",
    "SELECT lo_creat(-1)",
    "SELECT lo_from_bytea(0, 'mine')",
    "SELECT lo_put(1, 0, 'mine')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_open(1, 131072)",
    "SELECT pg_advisory_lock(29099266, 0)",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_advisory_lock_shared(1)",
    "SELECT pg_advisory_xact_lock(1, 1)",
    "SELECT pg_advisory_xact_lock_shared(1)",
    "SELECT pg_try_advisory_lock(1)",
    "SELECT pg_try_advisory_lock_shared(1, 1)",
    "SELECT pg_try_advisory_xact_lock(1)",
    "SELECT pg_advisory_unlock_all()",
    "SELECT pg_logical_emit_message(false, 'mine', 'mine')",
    "SELECT pg_notify('mine', 'mine')",
    "SELECT pg_export_snapshot()",
    "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')",
    "SELECT pg_reload_conf()",
    "SELECT pg_switch_wal()",
    "SELECT pg_terminate_backend({superuser})",
    "SELECT pg_cancel_backend({superuser})",
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT pg_ls_dir('.')",
    "SELECT rolpassword FROM pg_authid",
    "SELECT * FROM pg_largeobject",
    "SELECT * FROM secrets.of_somebody_else",
    "COPY tracks FROM '/dev/null'",
    "COPY (SELECT 1) TO '/tmp/mine'",
    "COPY (SELECT 1) TO PROGRAM 'cat'",
    "CHECKPOINT",
    "LOAD '/tmp/mine.so'",
    "GRANT SELECT ON tracks TO PUBLIC",
    "REINDEX TABLE tracks",
    "VACUUM FULL tracks",
]


@dataclass(frozen=True)
class Place:
    """A migrated database with the roles, as libpq writes its address."""

    owner: str
    put_right: Callable[[], None]

    def enter(self, role: str, database: str | None = None) -> psycopg.Connection:
        url = make_url(as_role(self.owner, role))
        if database:
            url = url.set(database=database)
        connection = psycopg.connect(libpq_url(url.render_as_string(hide_password=False)), autocommit=True)
        if role == READER:
            for determined in (
                "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
                "SET default_transaction_read_only = off",
                "SET statement_timeout = 0",
            ):
                connection.execute(determined)
        return connection

    def superuser(self) -> psycopg.Connection:
        return psycopg.connect(libpq_url(self.owner), autocommit=True)


def documented() -> str:
    [block] = re.findall(r"```sql\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return str(block)


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database in a server of one's own, migrated, with the SQL of the documentation."""
    with own_postgres(tmp_path_factory.mktemp("own server"), "me", PASSWORD) as port:
        here = f"postgresql://me:{PASSWORD}@127.0.0.1:{port}"
        with psycopg.connect(f"{here}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE music")
            connection.execute("CREATE DATABASE prefect")
        migrate.upgrade(f"{here}/music")
        with psycopg.connect(f"{here}/music", autocommit=True) as connection:
            connection.execute(documented())
            for role in (READER, PIPELINE):
                connection.execute(f"ALTER ROLE {role} PASSWORD '{PASSWORD}'")
        yield f"{here}/music"


@pytest.fixture(params=["home", "own"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """The database of a home, and one in a server of one's own."""
    if request.param == "own":
        address = request.getfixturevalue("own_server")
        made = Place(address, lambda: make_roles(address))
    else:
        ensure_database(request.getfixturevalue("postgres"), "prefect")
        address = request.getfixturevalue("database_url")
        keep_roles(address)
        made = Place(address, lambda: keep_roles(address))
    yield made
    made.put_right()


def refusal(connection: psycopg.Connection, statement: str) -> str:
    try:
        connection.execute(statement)
    except psycopg.Error as error:
        return str(error)
    return ""


def test_the_documentation_shows_the_sql_that_is_run() -> None:
    assert documented() == RIGHTS


def test_no_attack_of_a_reader_succeeds(place: Place) -> None:
    with place.superuser() as owner, place.enter(READER) as reader:
        owner.execute("CREATE SCHEMA secrets; CREATE TABLE secrets.of_somebody_else (n int)")
        names = {"database": owner.info.dbname, "superuser": owner.info.backend_pid}
        messages: list[str] = []
        reader.add_notice_handler(
            lambda notice: messages.append(f"{notice.severity} {notice.message_primary}")
        )
        done = []
        for statement in REFUSED:
            # VACUUM, for one, only warns where it has no right, and does nothing.
            if not refusal(reader, statement.format(**names)) and not messages:
                done.append(statement)
            messages.clear()
        owner.execute("DROP SCHEMA secrets CASCADE")
        assert done == []
        assert reader.execute("SELECT count(*) FROM tracks, label_accuracy").fetchone() == (0,)
        assert owner.execute("SELECT count(*) FROM pg_largeobject_metadata").fetchone() == (0,)


@pytest.mark.parametrize("database", ["postgres", "template1", "prefect"])
@pytest.mark.parametrize("role", [READER, PIPELINE])
def test_no_other_database_is_entered(place: Place, role: str, database: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        place.enter(role, database)


def test_a_reader_with_all_its_connections_leaves_some_to_the_pipeline(place: Place) -> None:
    with ExitStack() as stack:
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            for _ in range(200):
                stack.enter_context(place.enter(READER))
        with place.enter(PIPELINE) as pipeline:
            assert pipeline.execute("SELECT count(*) FROM tracks").fetchone() == (0,)


def test_a_sort_on_disk_ends_at_the_limit(place: Place) -> None:
    with place.enter(READER) as reader, pytest.raises(psycopg.Error, match="temp_file_limit"):
        reader.execute("SET work_mem = '64kB'")
        reader.execute(
            "SELECT repeat('x', 1000) || n FROM generate_series(1, 400000) n ORDER BY 1 OFFSET 399999"
        )


@pytest.mark.parametrize(
    "change",
    [
        f"ALTER ROLE {READER} SET default_transaction_read_only = off",
        f"ALTER ROLE {READER} SET search_path = nowhere",
        f"ALTER ROLE {READER} IN DATABASE {{database}} SET statement_timeout = 0",
        f"ALTER ROLE {READER} RESET ALL",
        f"DROP OWNED BY {READER}",  # its own rights, so that the next reader has none
    ],
)
def test_the_next_start_resets_changes_of_the_readers_role(place: Place, change: str) -> None:
    with place.enter(READER) as reader:
        reader.execute(change.format(database=reader.info.dbname))
    place.put_right()
    with psycopg.connect(libpq_url(as_role(place.owner, READER))) as reader:
        shown = [
            reader.execute(f"SHOW {name}").fetchone()
            for name in (
                "default_transaction_read_only",
                "statement_timeout",
                "search_path",
                "temp_file_limit",
            )
        ]
        assert shown == [("on",), ("30s",), ('"$user", public',), ("256MB",)]
        assert reader.execute("SELECT count(*) FROM tracks, label_accuracy").fetchone() == (0,)


def test_the_next_start_resets_changes_of_the_pipelines_role(place: Place) -> None:
    with place.enter(PIPELINE) as pipeline:
        pipeline.execute(f"ALTER ROLE {PIPELINE} SET default_transaction_read_only = on")
        pipeline.execute("SET default_transaction_read_only = off")
        pipeline.execute(f"DROP OWNED BY {PIPELINE}")
    place.put_right()
    with place.enter(PIPELINE) as pipeline:
        pipeline.execute("UPDATE tracks SET title = title")
        pipeline.execute("SELECT pg_advisory_lock(1), pg_advisory_unlock(1)")
        pipeline.execute("CREATE TEMPORARY TABLE found (n int)")


def test_in_a_home_a_password_that_a_role_gives_itself_is_forgotten(database_url: str) -> None:
    keep_roles(database_url)
    with psycopg.connect(libpq_url(as_role(database_url, READER))) as reader:
        reader.execute("SET TRANSACTION READ WRITE")
        reader.execute(f"ALTER ROLE {READER} PASSWORD 'mine'")
    keep_roles(database_url)
    with psycopg.connect(libpq_url(database_url)) as owner:
        kept = owner.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [READER]).fetchone()
    assert kept == (None,)


def test_a_home_of_an_earlier_version_revokes_excess_rights_of_the_reader(database_url: str) -> None:
    with psycopg.connect(libpq_url(database_url), autocommit=True) as owner:
        for role in (PIPELINE, READER):  # made as it was, whatever other tests did
            owner.execute(
                f"DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
            )
        owner.execute(f"ALTER ROLE {READER} RESET ALL; GRANT pg_read_all_data TO {READER}")
        owner.execute(f"ALTER ROLE {READER} CONNECTION LIMIT -1")
        keep_roles(database_url)
        member = "SELECT count(*) FROM pg_auth_members WHERE member = %s::regrole"
        assert owner.execute(member, [READER]).fetchone() == (0,)
    with (
        psycopg.connect(libpq_url(as_role(database_url, READER))) as reader,
        pytest.raises(psycopg.Error, match="pg_authid"),
    ):
        reader.execute("SELECT rolpassword FROM pg_authid")


def test_neither_role_enters_a_database_made_later(postgres: PostgresAddress, database_url: str) -> None:
    keep_roles(database_url)
    ensure_database(postgres, "made_later")
    later = make_conninfo(libpq_url(as_role(postgres.url("made_later"), READER)))
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(later)


def test_vectors_are_still_compared(place: Place) -> None:
    with place.enter(READER) as reader:
        assert reader.execute("SELECT count(*) FROM similar_tracks(1, 2)").fetchone() == (0,)
