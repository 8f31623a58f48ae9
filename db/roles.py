"""The roles of the embedded PostgreSQL: whoever works with the rows cannot touch the schema, nor the machine.

    postgres             the owner: migrations, backups and psql
    labelscope_pipeline  flows and commands: reads and writes rows
    labelscope_reader    people's questions and dashboards: reads rows

A superuser's COPY writes files and starts programs, so nothing works as the owner that need not. Roles belong to the
whole server and rights to one database. In a PostgreSQL of one's own nothing but `labelscope db
upgrade --roles` makes them; docs/operations.md has the SQL.
"""

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from db.engine import Lock, lock_until_commit, normalised_url

PIPELINE = "labelscope_pipeline"
READER = "labelscope_reader"

ROLES = {
    PIPELINE: f"CREATE ROLE {PIPELINE} LOGIN",
    READER: f"CREATE ROLE {READER} LOGIN IN ROLE pg_read_all_data",
}
RIGHTS = [
    f"ALTER ROLE {READER} SET default_transaction_read_only = on",
    f"ALTER ROLE {READER} SET statement_timeout = '30s'",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {PIPELINE}",
    f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {PIPELINE}",
    f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {PIPELINE}",
    # What later migrations make, as the same owner:
    f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {PIPELINE}",
    f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {PIPELINE}",
]


def make_roles(address: str) -> None:
    """See that both roles and their rights on this migrated database are there; quick where they are.

    The address is the owner's, who has to be a superuser.
    """
    engine = create_engine(normalised_url(address), poolclass=NullPool)
    with engine.begin() as connection:
        if _are_made(connection):
            return
        lock_until_commit(connection, Lock.MIGRATION)
        known = connection.scalars(text("SELECT rolname FROM pg_roles")).all()
        missing = [statement for role, statement in ROLES.items() if role not in known]
        for statement in [*missing, *RIGHTS]:
            connection.execute(text(statement))


def _are_made(connection: Connection) -> bool:
    """All of it is one transaction, so the default privileges tell of the rest; no role can go that is named there."""
    default = text("SELECT EXISTS (SELECT FROM pg_default_acl WHERE defaclacl::text LIKE :granted)")
    return bool(connection.scalar(default, {"granted": f"%{PIPELINE}=%"}))


def as_role(address: str, role: str) -> str:
    """The same database, entered as that role; the embedded server asks for no password."""
    return make_url(normalised_url(address)).set(username=role).render_as_string(hide_password=False)
