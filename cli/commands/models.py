"""`labelscope models`, `promote` and `evaluate`: which models there are, which is in use, and how good they are."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer
from sqlalchemy import Connection

from cli import screen, show
from cli.starting import started
from config.labels import read_labels
from config.settings import Settings
from db import read
from db.engine import Lock, try_lock
from flows.checks.requests import PromotionRefused, require_promotable, require_something_to_learn
from flows.home.environment import open_database
from flows.home.folder import require_home

TRAINING = "A training is about to choose a model: wait for its end, and promote again."
REASONS = 5  # of the newest models, that are told in full


def models() -> None:
    """All models, newest first: how good each is on held-out tracks, which one is in use, and why."""
    settings = Settings()
    require_home(settings)
    with open_database(settings) as engine, engine.connect() as connection:
        rows = read.problems.view(connection, "model_list")
    if not rows:
        typer.echo("There is no model yet: labelscope run")
        return
    zone = settings.timezone
    all_alike = len({row.architecture for row in rows}) == 1
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
                None if all_alike else row.architecture,
                screen.local(row.created_at, zone),
                row.tracks,
                row.balanced_accuracy,
                screen.interval(row.ci_low, row.ci_high),
                row.why,
            )
            for row in rows
        ],
        whole=True,
    )
    typer.echo("\nAccuracy: on held-out tracks, all labels counting alike.")
    for row in rows[:REASONS]:
        screen.sentence(str(row.id), row.reason)
    if len(rows) > REASONS:
        typer.echo('What was decided of the others: labelscope sql "SELECT id, reason FROM model_list"')


def promote(
    model_id: Annotated[
        int, typer.Argument(metavar="MODEL", help="The model's id, from `labelscope models`.")
    ],
    why: Annotated[str, typer.Option(help="The reason, kept with the model.")] = "a person's wish",
) -> None:
    """Use this model from now on, and let it score all tracks; the one before is kept."""
    settings = Settings()
    require_home(settings)
    require_reason(why)
    allowed = read_labels(settings.labels).training.allow
    with started(
        settings,
        "flows.training.promotion",
        lambda connection: _require_promotable(connection, model_id, allowed),
    ):
        from flows.predict.flow import predict
        from flows.training.promotion import promote as put_to_use

        with open_database(settings) as engine, try_lock(engine, Lock.RETRAIN) as alone:
            if not alone:
                raise PromotionRefused(TRAINING)
            with engine.begin() as connection:
                put_to_use(connection, settings, model_id, allowed, f"In use because: {why}.")
        typer.echo(f"Model {model_id} is in use.")
        show.predicted(predict())


def _require_promotable(connection: Connection, model_id: int, allowed: Sequence[str]) -> None:
    """Raises PromotionRefused, also while a training runs."""
    require_promotable(connection, model_id, allowed)
    with try_lock(connection.engine, Lock.RETRAIN) as alone:
        if not alone:
            raise PromotionRefused(TRAINING)


def require_reason(why: str) -> None:
    """Refuse a reason of no words."""
    if not why.strip():
        raise typer.BadParameter("The reason is empty: give one in words, or leave --why out.")


def evaluate(
    folds: Annotated[int, typer.Option(min=3, help="Parts into which the groups are dealt.")] = 5,
    repeats: Annotated[int, typer.Option(min=1, help="How often they are dealt anew.")] = 3,
) -> None:
    """Cross-validate the networks and the baseline on all tracks, beside the models in use; takes its time.

    Each track is judged by a model that has not heard its group: its artist, or where a label has few, its album.
    """
    settings = Settings()
    require_home(settings)
    with started(
        settings, "flows.training.evaluate_flow", partial(require_something_to_learn, settings=settings)
    ):
        from flows.training.evaluate_flow import evaluate as flow

        evaluated = flow(folds, repeats)
    if evaluated.outcome != "completed":
        typer.echo(evaluated.reason, err=True)
        raise typer.Exit(1)
    with open_database(settings) as engine, engine.connect() as connection:
        rows = read.problems.view(connection, "evaluation_table")
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
