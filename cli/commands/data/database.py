"""`labelscope sql` and `labelscope db …`: the database, for people who know SQL."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from psycopg.errors import UndefinedColumn, UndefinedTable
from sqlalchemy import Engine, inspect

from cli.commands.data.address import url
from cli.output.rows import Format, write_rows
from config.settings import Settings
from db.engine import AddressError, for_programs, read_only
from db.pgvector import add_neighbours
from db.role_passwords import PREFECT, make_prefect, set_password
from db.roles import PIPELINE, READER, make_roles
from flows.home.environment import migrated_database, open_database
from flows.home.folder import require_home
from flows.home.postgres_errors import QueryError, query_errors
from services.environment import without_secrets
from services.postgres.server import postgres_server
from services.secret_file import read_secret

app = typer.Typer(no_args_is_help=True, help="The database itself: its address, its schema, and psql.")
SQL_EXAMPLE = 'Example: labelscope sql "SELECT * FROM label_accuracy" --format csv'


def sql(
    query: Annotated[
        str,
        typer.Argument(
            metavar="QUERY", help="One SQL statement, which can read everything and change nothing."
        ),
    ],
    form: Annotated[Format, typer.Option("--format", help="How to write the rows.")] = Format.TABLE,
    timeout: Annotated[int, typer.Option(help="Seconds after which the statement is cancelled.")] = 30,
    limit: Annotated[int, typer.Option(min=1, help="Write at most so many rows.")] = 10_000,
    exact: Annotated[
        bool,
        typer.Option(
            "--exact",
            help="Leave CSV cells as they are. Otherwise text that a spreadsheet would run as a formula gets a"
            " leading apostrophe.",
        ),
    ] = False,
) -> None:
    """Query the database, in a read-only transaction."""
    query = query.encode("utf-8", "backslashreplace").decode()  # PostgreSQL then shows where it is no text
    if not query.strip():
        raise typer.BadParameter("There is no statement.")
    settings = Settings()
    require_home(settings)
    with (
        open_database(settings, READER) as engine,
        _proposals_for_unknown_names(engine),
        query_errors(query, timeout, "--timeout"),
        read_only(engine, query, timeout, limit) as answer,
    ):
        write_rows(answer.columns, answer.rows, form, exact=exact)
    if answer.cut:
        typer.echo(f"These are the first {limit} rows; there are more: raise --limit to see them.", err=True)


app.command(
    epilog='Examples: labelscope db url --tcp | labelscope db url --keep | psql "$(labelscope db url --libpq)"'
)(url)


@contextmanager
def _proposals_for_unknown_names(engine: Engine) -> Iterator[None]:
    """Add to the error of a statement that names no table or column where the right names are."""
    try:
        yield
    except QueryError as error:
        if isinstance(error.__cause__, UndefinedColumn) and "HINT:" not in str(error):
            cure = (
                '`labelscope sql "SELECT * FROM track_predictions LIMIT 1"` shows the columns of that view.'
            )
            raise QueryError(f"{error}\n{cure}") from error.__cause__
        if not isinstance(error.__cause__, UndefinedTable):
            raise
        with engine.connect() as connection:
            views = ", ".join(sorted(inspect(connection).get_view_names()))
        raise QueryError(f"{error}\nViews: {views}.") from error.__cause__


@app.command(
    epilog="Examples: labelscope db upgrade | labelscope db upgrade --roles --pipeline-password password.txt"
)
def upgrade(
    roles: Annotated[
        bool,
        typer.Option("--roles", help="Make the roles as well, in a PostgreSQL of your own, as a superuser."),
    ] = False,
    pipeline_password: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", readable=False, help=f"With --roles: the file with the password of {PIPELINE}."
        ),
    ] = None,
    prefect_password: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            readable=False,
            help="With --roles: make role and database `prefect` for Prefect's server; the file with its password.",
        ),
    ] = None,
) -> None:
    """Migrate the database to the schema of this version. Every command does so by itself.

    Only this command adds similarity search where PostgreSQL has gained pgvector since the last migration.
    """
    passwords: dict[str, str] = {}
    if pipeline_password is not None:
        passwords[PIPELINE] = read_secret("--pipeline-password", pipeline_password, "password")
    if prefect_password is not None:
        passwords[PREFECT] = read_secret("--prefect-password", prefect_password, "password")
    if passwords and not roles:
        raise typer.BadParameter("Passwords belong to roles: give --roles, too.")
    settings = Settings()
    if passwords and settings.database_url is None:
        raise AddressError(
            "The roles of a home's own PostgreSQL have no passwords: set DATABASE_URL to another PostgreSQL."
        )
    with migrated_database(settings) as address:
        has_pgvector = add_neighbours(address)
        if roles:
            make_roles(address)
        if PREFECT in passwords:
            make_prefect(address)
        for role, password in passwords.items():
            set_password(address, role, password)
    typer.echo("The database has the schema of this version.")
    if not has_pgvector:
        typer.echo(
            "It cannot find neighbours: PostgreSQL has no pgvector, 0.8 or newer, that this role may use."
        )


@app.command(epilog="Example: labelscope db psql -- -c '\\d+ tracks'")
def psql(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="ARGUMENT", help="Arguments for psql.")
    ] = None,
) -> None:
    """Open psql on the database, as its owner."""
    settings = Settings()
    require_home(settings)
    with migrated_database(settings) as address:
        # Not the system's psql, which may be older than the server.
        program = postgres_server(settings.home).binaries / "psql"
        public_address, secrets = for_programs(address)
        variables = without_secrets() | {"PGAPPNAME": "psql"} | secrets
        code = subprocess.call([program, public_address, *(arguments or [])], env=variables)
    raise typer.Exit(code)
