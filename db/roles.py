"""The roles of the embedded PostgreSQL: whoever works with the rows cannot touch the schema, nor the machine.

    postgres             the owner: migrations, backups and psql
    labelscope_pipeline  flows and commands: reads and writes rows
    labelscope_reader    people's questions and dashboards: reads rows

A superuser's COPY writes files and starts programs, so nothing works as the owner that need not. Roles belong to the
whole server and rights to one database; db/rights.py has the SQL. In a PostgreSQL of one's own nothing but `labelscope
db upgrade --roles` makes them.
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

NO_PASSWORDS = f"ALTER ROLE {PIPELINE} PASSWORD NULL; ALTER ROLE {READER} PASSWORD NULL;"  # none is asked for

# All that the SQL sets, and all that a role may change of it, as one text. Only a superuser can read it.
PICTURE = """
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
    """See to both roles and all their rights on this migrated database; passwords are left as they are.

    The address is a superuser's.
    """
    engine = create_engine(normalised_url(address), poolclass=NullPool)
    with announced(engine), engine.begin() as connection:
        lock_until_commit(connection, Lock.MIGRATION)
        connection.execute(text(RIGHTS))


def keep_roles(address: str) -> None:
    """The same for the embedded server, without passwords; quick where all is as it was when this was last done.

    A comment on the database, which only its owner can write, keeps what it was like.
    """
    engine = create_engine(normalised_url(address), poolclass=NullPool)
    with announced(engine), engine.begin() as connection:
        if _picture(connection) == _kept_picture(connection):
            return
        lock_until_commit(connection, Lock.MIGRATION)
        connection.execute(text(RIGHTS + NO_PASSWORDS))
        database = connection.scalar(text("SELECT quote_ident(current_database())"))
        connection.execute(text(f"COMMENT ON DATABASE {database} IS '{_picture(connection)}'"))


def _picture(connection: Connection) -> str:
    seen = connection.scalar(text(PICTURE), {"pipeline": PIPELINE, "reader": READER})
    return f"Its roles are those of {hashlib.sha256(f'{RIGHTS}{seen}'.encode()).hexdigest()}."


def _kept_picture(connection: Connection) -> str | None:
    comment = text(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
    )
    kept: str | None = connection.scalar(comment)
    return kept


def as_role(address: str, role: str) -> str:
    """The same database, entered as that role; the embedded server asks for no password."""
    return make_url(normalised_url(address)).set(username=role).render_as_string(hide_password=False)
