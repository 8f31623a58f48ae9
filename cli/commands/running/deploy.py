"""`labelscope deploy` and `labelscope worker`: the timetable on a Prefect server of your own."""

import os
import time
from typing import Annotated, Final

import typer

from cli import stopping
from cli.commands.running.up import show_timetable
from config.settings import Settings
from flows.home.environment import configured_prefect, runtime
from flows.prefect_tools.run_names import POOL
from services.keeper import ServiceError
from services.prefect.api import PrefectApi
from services.prefect.server import client_environment, require_api

PAUSE_SECONDS: Final = 2.0  # between two requests to a server that does not answer yet


def deploy(
    wait: Annotated[
        int, typer.Option(min=0, help="Seconds to wait for a server that does not answer yet.")
    ] = 0,
) -> None:
    """Put the timetable on a Prefect server of your own, for its workers. Run it again after every change of it."""
    settings = Settings()
    _wait_for(_require_server(settings), wait)
    with runtime(settings):
        from flows.orchestration.deploy import deploy as register

        register(settings)
        typer.echo(f"Workers of the pool `{POOL}` run the timetable: labelscope worker")
        show_timetable(settings)


def worker(context: typer.Context) -> None:
    """Run the timetable of a Prefect server of your own, until Ctrl-C.

    Options are those of `prefect worker start`, such as --limit 2. PREFECT_API_AUTH_STRING holds the login to the
    server, or LABELSCOPE_PREFECT_LOGIN_FILE names a file with it.
    """
    settings = Settings()
    api = _require_server(settings)
    require_api(api)
    os.environ.update(client_environment(settings.home, api.url, api.login))
    from flows.orchestration.worker import work  # not above: it imports Prefect, which reads these variables

    with stopping.handled_by_asyncio():
        work(context.args)


def _wait_for(api: PrefectApi, seconds: float) -> None:
    """Wait until the server answers, a refusal included, but at most these seconds."""
    end = time.monotonic() + seconds
    while not api.status("/admin/version") and time.monotonic() < end:
        time.sleep(PAUSE_SECONDS)


def _require_server(settings: Settings) -> PrefectApi:
    api = configured_prefect(settings)
    if api is None:
        raise ServiceError(
            "No Prefect server is configured: set PREFECT_API_URL, or run the timetable with `labelscope up`."
        )
    return api
