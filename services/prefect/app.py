"""Prefect's server with its pages, behind a login and a guard: `python -m services.prefect.app --host … --port …`.

It does what `prefect server start` does, background services included. Environment variables name files with secrets,
as `ps` or `docker inspect` would show a secret in a variable: LABELSCOPE_PREFECT_LOGIN_FILE a file with
"name:password", and LABELSCOPE_PREFECT_DATABASE_PASSWORD_FILE, where it is set, one with the database's password.
LABELSCOPE_PREFECT_HOSTS lists the hosts that requests may name, separated by commas: by default 127.0.0.1:PORT and
localhost:PORT.
"""

import gc
import os
import sys
from argparse import ArgumentParser
from pathlib import Path

from services.keeper import ServiceError
from services.prefect.login import GIVEN_FILE, read_given_login
from services.secret_file import read_secret

HOSTS = "LABELSCOPE_PREFECT_HOSTS"
DATABASE_PASSWORD_FILE = "LABELSCOPE_PREFECT_DATABASE_PASSWORD_FILE"


def main() -> None:
    """Serve until a signal ends the process."""
    parser = ArgumentParser(prog="python -m services.prefect.app", description="Prefect's server, guarded.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4200)
    arguments = parser.parse_args()
    try:
        login = _set_secrets()
    except ServiceError as error:
        sys.exit(str(error))
    _serve(arguments.host, arguments.port, login)


def _set_secrets() -> str:
    """Pass the secrets to Prefect in variables that no other process sees; returns the login."""
    file = os.environ.get(GIVEN_FILE)
    if not file:
        raise ServiceError(f"Prefect needs a login: set {GIVEN_FILE} to a file with name:password.")
    login = read_given_login(file)
    os.environ["PREFECT_SERVER_API_AUTH_STRING"] = os.environ["PREFECT_API_AUTH_STRING"] = login
    if database := os.environ.get(DATABASE_PASSWORD_FILE):
        os.environ["PREFECT_SERVER_DATABASE_PASSWORD"] = read_secret(
            DATABASE_PASSWORD_FILE, Path(database), "password"
        )
    return login


def _hosts(port: int) -> list[str]:
    hosts = os.environ.get(HOSTS) or f"127.0.0.1:{port},localhost:{port}"
    return [host.strip() for host in hosts.split(",") if host.strip()]


def _serve(host: str, port: int, login: str) -> None:
    gc.disable()  # imports leave no garbage, and collecting would be a fifth of their time
    import uvicorn  # not above: Prefect reads the environment when it is imported
    from prefect.server.api.server import create_app
    from prefect.settings import get_current_settings

    from services.prefect.guard import Guard

    settings = get_current_settings().server
    guarded = Guard(create_app(final=True), _hosts(port), login, port)
    gc.freeze()  # what is imported stays: later collections need not visit it
    gc.enable()
    uvicorn.run(
        guarded,
        host=host,
        port=port,
        timeout_keep_alive=settings.api.keepalive_timeout,
        ws_ping_interval=settings.api.websocket_ping_interval,
        ws_ping_timeout=settings.api.websocket_ping_timeout,
        log_level=settings.logging_level.lower(),
        proxy_headers=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
