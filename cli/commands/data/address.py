"""`labelscope db url`: the address of the database, for other programs."""

import signal
import sys
from typing import Annotated

import typer

from cli.output import screen
from config.settings import Settings
from db.engine import AddressError, libpq_url, normalised_url
from db.roles import READER, as_role
from flows.home.environment import database_address, migrated_database
from flows.home.folder import require_home
from flows.home.tcp import TcpAddress, require_own_postgres, tcp_access, tcp_address
from services.up_process import up_state


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
        typer.Option("--libpq", help="Write it as psql and psycopg take it: postgresql://…"),
    ] = False,
    tcp: Annotated[
        bool,
        typer.Option(
            "--tcp",
            help="Let programs without Unix sockets (JDBC, ODBC) read the database by TCP, on 127.0.0.1, until Ctrl-C.",
        ),
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="With --tcp: the port; by default LABELSCOPE_TCP_PORT or a free one."
        ),
    ] = None,
) -> None:
    """Print the address of the database, for SQLAlchemy and pandas.

    With --tcp it is that of a role that can read everything and change nothing, with a password.
    """
    settings = Settings()
    require_home(settings)
    if tcp:
        _tcp(settings, port)
        return
    if port is not None:
        raise typer.BadParameter("A port is for connections by TCP: give --tcp, too.")
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


def _tcp(settings: Settings, port: int | None) -> None:
    """Print the address of the port that `labelscope up` has opened; else open one until Ctrl-C."""
    require_own_postgres(settings, "--tcp")
    up = up_state(settings.home)
    if up and up.tcp_port and port in (None, up.tcp_port):
        _print(tcp_address(settings, up.tcp_port))
        typer.echo("`labelscope up` keeps this port open.", err=True)
        return
    with tcp_access(settings, port or settings.tcp_port) as address:
        _print(address)
        typer.echo("Ctrl-C closes the port.", err=True)
        sys.stdout.flush()
        signal.pause()


def _print(address: TcpAddress) -> None:
    lines = {
        "URL": address.url,
        "JDBC": address.jdbc,
        "host": address.host,
        "port": address.port,
        "database": address.database,
        "user": address.user,
        "password": address.password,
    }
    for name, text in lines.items():
        typer.echo(f"{name:<{screen.INDENT}}{text}")
