"""`labelscope models`, `promote` and `evaluate`: list the models, choose one, and compare architectures."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer
from sqlalchemy import Connection

from cli.output import screen, show
from cli.starting import flow_ready, require_reason
from config.labels import read_labels
from config.settings import Settings
from db import read
from db.engine import Lock, try_lock
from flows.checks.requests import PromotionRefused, require_promotable, require_something_to_learn
from flows.home.environment import open_database
from flows.home.folder import require_home

BUSY = "A training is about to choose a model: wait for its end, and promote again."
FOOTNOTE = (
    "Accuracy: balanced accuracy on the tracks that were held out at the time, which grow in number; the reasons below"
    " compare two models on the same ones. Ids that are not here are of classical baselines."
)
REASONS = 5  # printed in full, of the newest models


def models() -> None:
    """All models, newest first: how good each is on held-out tracks, which one is in use, and why."""
    settings = Settings()
    require_home(settings)
    with open_database(settings) as engine, engine.connect() as connection:
        rows = read.views.model_list(connection)
    if not rows:
        typer.echo("There is no model yet: labelscope run")
        return
    zone = settings.timezone
    one_architecture = len({row.architecture for row in rows}) == 1
    screen.table(
        None,
        (
            "id",
            "status",
            "architecture",
            f"made ({zone})",
            "tracks",
            "accuracy",
            "95 % interval",
            "trained for",
        ),
        [
            (
                row.id,
                row.status,
                None if one_architecture else row.architecture,
                screen.local(row.created_at, zone),
                row.tracks,
                row.balanced_accuracy,
                screen.interval(row.ci_low, row.ci_high),
                row.why,
            )
            for row in rows
        ],
    )
    typer.echo()
    screen.paragraph(FOOTNOTE)
    for row in rows[:REASONS]:
        screen.entry(str(row.id), row.reason or "")
    if len(rows) > REASONS:
        typer.echo('Reasons for the others: labelscope sql "SELECT id, reason FROM model_list"')


def promote(
    model_id: Annotated[
        int, typer.Argument(metavar="MODEL", help="The model's id, from `labelscope models`.")
    ],
    why: Annotated[str, typer.Option(help="The reason, kept with the model.")] = "a person's wish",
) -> None:
    """Use this model from now on, and score all tracks with it; the former model is kept."""
    settings = Settings()
    require_home(settings)
    require_reason(why)
    allowed = read_labels(settings.labels).training.allow
    check = partial(_require_promotable, model_id=model_id, allowed=allowed)
    with flow_ready(settings, "flows.training.promotion", check):
        from flows.predict.flow import predict
        from flows.training.promotion import promote as promote_model

        with open_database(settings) as engine, try_lock(engine, Lock.RETRAIN) as locked:
            if not locked:
                raise PromotionRefused(BUSY)
            with engine.begin() as connection:
                promote_model(connection, settings, model_id, allowed, f"In use because: {why}.")
        typer.echo(f"Model {model_id} is in use.")
        show.predicted(predict())


def _require_promotable(connection: Connection, model_id: int, allowed: Sequence[str]) -> None:
    """Raises PromotionRefused, also while a training runs."""
    require_promotable(connection, model_id, allowed)
    with try_lock(connection.engine, Lock.RETRAIN) as locked:
        if not locked:
            raise PromotionRefused(BUSY)


def evaluate(
    folds: Annotated[int, typer.Option(min=3, help="Parts into which the groups of tracks are split.")] = 5,
    repeats: Annotated[int, typer.Option(min=1, help="How often they are split anew.")] = 3,
) -> None:
    """Cross-validate the networks and the baseline on all tracks; no model changes. It takes long.

    Each track is scored by a model that was not trained on its group: its artist, or where a label has few, its album.
    """
    settings = Settings()
    require_home(settings)
    check = partial(require_something_to_learn, settings=settings)
    with flow_ready(settings, "flows.evaluation.flow", check):
        from flows.evaluation.flow import evaluate as flow

        evaluated = flow(folds, repeats)
    if evaluated.outcome != "completed":
        typer.echo(evaluated.reason, err=True)
        raise typer.Exit(1)
    with open_database(settings) as engine, engine.connect() as connection:
        rows = read.views.evaluation_table(connection)
    screen.table(
        None,
        ("protocol", "architecture", "level", "figure", "value", "95 % interval", "count"),
        [
            (
                row.protocol,
                row.architecture,
                row.level,
                row.name,
                row.value,
                screen.interval(row.ci_low, row.ci_high),
                row.count,
            )
            for row in rows
        ],
    )
