"""`labelscope deploy`: the timetable for workers, where `labelscope up` keeps it on one machine by itself."""

import typer

from cli.running import show_timetable
from config.settings import Settings
from flows.home import surroundings
from services.keeper import ServiceError


def deploy() -> None:
    """Hand the timetable to the workers of a Prefect server of your own; again after every change of it."""
    settings = Settings()
    if settings.prefect_api_url is None:
        raise ServiceError(
            "There is no Prefect server to deploy to: set PREFECT_API_URL, or keep the timetable with `labelscope up`."
        )
    with surroundings(settings):
        from flows.workers import POOL
        from flows.workers import deploy as hand_over

        hand_over(settings)
        typer.echo(f"Workers of the pool `{POOL}` keep the timetable: prefect worker start --pool {POOL}")
        show_timetable(settings)
