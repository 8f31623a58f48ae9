"""`labelscope up` and `labelscope down`: run the servers and the timetable, and end them."""

import os
import subprocess
import sys
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli import stopping
from cli.output import screen
from config.settings import Settings
from flows.home.crashed_trainings import end_crashed_runs
from flows.home.environment import open_database, runtime
from flows.home.folder import make_home
from flows.home.tcp import require_own_postgres, tcp_access
from services import up_process
from services.keeper import ServiceError
from services.prefect.server import require_port
from services.private import make_folder, open_file

TCP_LOGIN = "`labelscope db url --tcp` prints the login"
START_SECONDS = 180.0  # a first start makes two databases


def up(
    detach: Annotated[
        bool, typer.Option("--detach", help="Run in the background, without a terminal.")
    ] = False,
) -> None:
    """Run PostgreSQL, Prefect with its pages, and the timetable of flows until Ctrl-C.

    LABELSCOPE_UI_PORT is the port of the pages (4200), LABELSCOPE_TCP_PORT one for programs that read the database
    (none). LABELSCOPE_PIPELINE_CRON, LABELSCOPE_MAINTAIN_CRON
    and LABELSCOPE_REPORT_CRON set when flows run, as crontab lines in the time zone LABELSCOPE_TIMEZONE (UTC).
    """
    settings = Settings()
    make_home(settings)
    up_process.require_down(settings.home)
    if settings.prefect_api_url is None:
        require_port(settings.home, settings.ui_port)
    if settings.tcp_port is not None:
        require_own_postgres(settings, "LABELSCOPE_TCP_PORT")
    if detach:
        _detach(settings)
        return
    now = datetime.now(UTC)
    with (
        up_process.claim(settings.home) as mark_ready,
        open_database(settings) as engine,
        tcp_access(settings, settings.tcp_port) if settings.tcp_port else nullcontext(),
        runtime(settings, settings.ui_port) as api_url,
    ):
        from flows.orchestration.serve import register, serve
        from flows.prefect_tools.run_names import TAG
        from flows.prefect_tools.single_run import mark_crashed

        stopping.check()
        mark_crashed(before=now, tag=TAG)
        end_crashed_runs(engine, settings)
        register(settings)
        stopping.check()
        pages = api_url.removesuffix("/api")
        typer.echo(f"Labelscope is up: {pages}")
        if settings.prefect_api_url is None:
            typer.echo("Its pages ask for a password once: `labelscope login prefect` prints it.")
        if settings.tcp_port:
            typer.echo(f"Programs can read the database at 127.0.0.1:{settings.tcp_port}: {TCP_LOGIN}.")
        show_timetable(settings)
        at_a_terminal = os.isatty(0)
        typer.echo(
            "\nCtrl-C, or `labelscope down`, ends it." if at_a_terminal else "\n`labelscope down` ends it."
        )
        sys.stdout.flush()
        # After the output: `up --detach` prints the output once the process is ready.
        mark_ready(pages, settings.tcp_port or 0)
        with stopping.handled_by_asyncio():
            serve(settings)
        typer.echo("Ending the runs in progress, then Prefect, then PostgreSQL.")


def show_timetable(settings: Settings) -> None:
    """Print a table of the flows: when each runs next, and after which other one."""
    from flows.orchestration.timetable import timetable

    now = datetime.now(settings.timezone)
    rows = [(line.name, line.next_run(now), line.after) for line in timetable(settings)]
    typer.echo()
    screen.table(None, ("flow", f"next run ({settings.timezone})", "after"), rows)
    hint = "" if settings.crate else "; set LABELSCOPE_CRATE=FOLDER for a crate of your own"
    typer.echo(f"\nThe pipeline reads {settings.crate or settings.labels}{hint}.")


def down() -> None:
    """End `labelscope up`, with its servers and the runs in progress."""
    settings = Settings()
    typer.echo("Labelscope is down." if up_process.end(settings.home) else "Labelscope was not up.")


def _detach(settings: Settings) -> None:
    """Start `labelscope up` without this terminal, and wait until it is ready or has failed. Prints its output."""
    log = up_process.log(settings.home)
    for folder in (settings.home, log.parent):
        make_folder(folder)
    with os.fdopen(open_file(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as output:
        process = subprocess.Popen(
            # -P: never import a folder `cli` of the working directory.
            [sys.executable, "-P", "-m", "cli.main", "up"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        ready = _wait_until_up(settings, process)
    except KeyboardInterrupt:
        process.terminate()
        raise
    ended = process.poll() is not None
    typer.echo(log.read_text(errors="replace").rstrip(), err=ended)
    if ended:
        raise typer.Exit(1)
    if not ready:
        raise ServiceError(
            f"Labelscope, process {process.pid}, is not up after {START_SECONDS:.0f} s: see {log};"
            " `labelscope down` ends it."
        )


def _wait_until_up(settings: Settings, process: subprocess.Popen[bytes]) -> bool:
    """Whether the process is ready; False where it has ended instead, or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        state = up_process.up_state(settings.home)
        if state is not None and (state.pid, state.status) == (process.pid, "ready"):
            return True
        time.sleep(0.1)
    return False
