"""`labelscope run` and `labelscope demo`: all stages, on your music or on synthetic music."""

import os

import typer

from cli.commands.music.stages import Crate, CrateOption, one_crate
from cli.output import predictions, show
from cli.starting import flow_ready, require_source
from config.settings import Settings
from flows.checks.requests import require_hyperparameters
from flows.home.folder import synthetic_crate


def run(crate: Crate = None, option: CrateOption = None) -> None:
    """The whole job: ingest, extract, retrain if due, predict. Run it again whenever there is new music."""
    settings = Settings()
    folder = one_crate(crate, option)
    require_hyperparameters(settings)
    require_source(settings, folder)
    with flow_ready(settings, "flows.pipeline"):
        from flows.pipeline import pipeline

        outcome = pipeline(folder)
    show.outcome(outcome)
    predictions.new_tracks(settings, outcome.began)
    show.results(settings)
    no_model = outcome.predicted.model_id is None and outcome.retrained.outcome != "not_allowed"
    if outcome.ingested.nothing_read or no_model:
        raise typer.Exit(1)


def demo() -> None:
    """The whole job on synthetic music: five made-up labels, rendered here, in a home of their own."""
    _choose_demo_home()
    settings = Settings()
    with flow_ready(settings, "flows.pipeline"):
        from flows.home.demo_crate import render_synthetic_crate
        from flows.pipeline import pipeline

        show.outcome(pipeline(render_synthetic_crate(settings), synthetic=True))
    show.results(settings)
    show.next_steps(settings)


def _choose_demo_home() -> None:
    """Keep made-up labels apart from real ones: a home, a database and a Prefect server of their own, on this machine.

    A home that holds a synthetic crate is a demo's already.
    """
    home = Settings().home
    if not synthetic_crate(home).is_dir():
        os.environ["LABELSCOPE_HOME"] = str(home / "demo")
    for name in ("DATABASE_URL", "PREFECT_API_URL", "LABELSCOPE_DASK"):
        os.environ.pop(name, None)
