"""The roles of the embedded PostgreSQL. The two that work with rows cannot change the schema or the machine.

    postgres             the owner: migrations, backups and psql
    labelscope_pipeline  flows and commands: reads and writes rows
    labelscope_reader    queries of people and dashboards: reads rows

A superuser's COPY writes files and starts programs, so only these three tasks run as the owner. Roles belong to the
whole server, rights to one database; db/rights.py has the SQL. On a server of your own only `labelscope db upgrade
--roles` creates them.
"""

import hashlib

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from db.engine import Lock, lock_until_commit, normalised_url
from db.lock_waits import announced
from db.rights import RIGHTS

PIPELINE = "labelscope_pipeline"
READER = "labelscope_reader"

NO_PASSWORDS = f"ALTER ROLE {PIPELINE} PASSWORD NULL; ALTER ROLE {READER} PASSWORD NULL;"  # none is required

# Everything that the SQL sets and that a role may change, as one text. Only a superuser can read it.
STATE = """
    SELECT concat_ws(E'\\n',
        (SELECT string_agg(concat_ws(' ', rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
                                     rolcanlogin, rolconnlimit, rolpassword IS NULL), ',' ORDER BY oid)
           FROM pg_authid WHERE rolname IN (:pipeline, :reader)),
        (SELECT string_agg(concat_ws(' ', setrole, setdatabase, setconfig), ',' ORDER BY setrole, setdatabase)
           FROM pg_db_role_setting WHERE setrole = ANY(roles)),
        (SELECT string_agg(concat_ws(' ', member, roleid), ',' ORDER BY member, roleid)
           FROM pg_auth_members WHERE member = ANY(roles)),
        (SELECT string_agg(concat_ws(' ', oid, datacl), ',' ORDER BY oid) FROM pg_database),
        (SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public'),
        (SELECT string_agg(concat_ws(' ', oid, relacl), ',' ORDER BY oid)
           FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('i', 'I')),
        (SELECT string_agg(concat_ws(' ', defaclrole, defaclobjtype, defaclacl), ',' ORDER BY oid) FROM pg_default_acl),
        (SELECT string_agg(concat_ws(' ', oid, proacl), ',' ORDER BY oid) FROM pg_proc WHERE proacl IS NOT NULL))
      FROM (SELECT coalesce(array_agg(oid), '{}') AS roles FROM pg_roles WHERE rolname IN (:pipeline, :reader)) AS ours
"""


def make_roles(address: str) -> None:
    """Create both roles and set their rights on this migrated database; passwords stay.

    The address is that of a superuser.
    """
    engine = create_engine(normalised_url(address), poolclass=NullPool)
    with announced(engine), engine.begin() as connection:
        lock_until_commit(connection, Lock.MIGRATION)
        connection.execute(text(RIGHTS))


def keep_roles(address: str) -> None:
    """Create both roles on the embedded server, without passwords, unless nothing has changed since the last call.

    A comment on the database, which only its owner can write, holds a digest of the roles' state.
    """
    engine = create_engine(normalised_url(address), poolclass=NullPool)
    with announced(engine), engine.begin() as connection:
        if _digest(connection) == _stored_digest(connection):
            return
        lock_until_commit(connection, Lock.MIGRATION)
        connection.execute(text(RIGHTS + NO_PASSWORDS))
        database = connection.scalar(text("SELECT quote_ident(current_database())"))
        connection.execute(text(f"COMMENT ON DATABASE {database} IS '{_digest(connection)}'"))


def _digest(connection: Connection) -> str:
    state = connection.scalar(text(STATE), {"pipeline": PIPELINE, "reader": READER})
    return f"Its roles are those of {hashlib.sha256(f'{RIGHTS}{state}'.encode()).hexdigest()}."


def _stored_digest(connection: Connection) -> str | None:
    comment = text(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
    )
    stored: str | None = connection.scalar(comment)
    return stored


def as_role(address: str, role: str) -> str:
    """The address with this role as the user; the embedded server needs no password."""
    return make_url(normalised_url(address)).set(username=role).render_as_string(hide_password=False)
