"""`labelscope db url`: the address of the database, for other programs."""

import signal
from typing import Annotated

import typer

from config.settings import Settings
from db.engine import AddressError, libpq_url, normalised_url
from db.roles import READER, as_role
from flows.home.environment import database_address, migrated_database
from flows.home.folder import require_home


def url(
    keep: Annotated[bool, typer.Option(help="Keep the home's own server running until Ctrl-C.")] = False,
    only_read: Annotated[
        bool,
        typer.Option(
            "--read-only", help="The address of a role that can read everything and change nothing."
        ),
    ] = False,
    libpq: Annotated[
        bool,
        typer.Option("--libpq", help="Write it for psql, psycopg and DuckDB: postgresql://…"),
    ] = False,
) -> None:
    """Print the address of the database, for SQLAlchemy and pandas."""
    settings = Settings()
    require_home(settings)
    written = libpq_url if libpq else normalised_url
    if only_read and settings.database_url is not None:
        raise AddressError(
            "DATABASE_URL names a PostgreSQL of your own: `labelscope db upgrade --roles` makes labelscope_reader"
            " there, which can only read. docs/how-to/use-your-own-postgres.md describes its password and address."
        )
    with migrated_database(settings) if only_read else database_address(settings) as address:
        typer.echo(written(as_role(address, READER) if only_read else address))
        if settings.database_url is None and not keep:
            typer.echo(
                "The server runs while a labelscope command does; --keep keeps it up until Ctrl-C.", err=True
            )
        if keep:
            signal.pause()
