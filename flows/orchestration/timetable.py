"""What runs when. `labelscope up` serves it on this machine; workers on others are given the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cronsim import CronSim
from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.events import DeploymentEventTrigger
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from config.settings import Settings
from flows.orchestration import entrypoints
from flows.prefect_tools.events import CRATE, EXTRACTED, INGESTED, PROMOTED
from flows.prefect_tools.run_names import TAG


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timetable: a flow, and when it runs beside whenever somebody asks for it."""

    flow: Flow[Any, Any]
    cron: str | None = None
    after: str | None = None  # an event
    in_turn: bool = False  # a second run waits for the first; else it is cancelled, as it would do the same

    @property
    def name(self) -> str:
        return self.flow.name

    def next_run(self, now: datetime) -> datetime | None:
        """When the schedule says next, in the time zone of `now`."""
        return next(CronSim(self.cron, now)) if self.cron else None


def timetable(settings: Settings) -> tuple[Line, ...]:
    """Every flow that people or schedules may start."""
    return (
        Line(entrypoints.pipeline, cron=settings.pipeline_cron),
        Line(entrypoints.ingest),
        Line(entrypoints.extract, after=INGESTED),
        Line(entrypoints.retrain, after=EXTRACTED),
        Line(entrypoints.predict, after=PROMOTED),
        Line(entrypoints.mix, in_turn=True),
        Line(entrypoints.evaluate),
        Line(entrypoints.maintain, cron=settings.maintain_cron),
        Line(entrypoints.report, cron=settings.report_cron),
    )


def deployments(settings: Settings) -> Iterator[RunnerDeployment]:
    """The timetable in Prefect's terms: one run of each flow at a time; a second one waits, or is cancelled at once."""
    for line in timetable(settings):
        deployment = RunnerDeployment.from_flow(
            line.flow,
            line.name,  # pipeline/pipeline: the pages list deployments by this one alone
            schedule=Cron(line.cron, timezone=str(settings.timezone)) if line.cron else None,
            triggers=[_trigger(line)] if line.after else [],
            tags=[TAG, line.name],
            concurrency_limit=ConcurrencyLimitConfig(
                limit=1,
                collision_strategy=ConcurrencyLimitStrategy.ENQUEUE
                if line.in_turn
                else ConcurrencyLimitStrategy.CANCEL_NEW,
            ),
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        deployment.entrypoint = f"{entrypoints.__name__}.{line.name}"
        yield deployment


def _trigger(line: Line) -> DeploymentEventTrigger:
    return DeploymentEventTrigger(
        name=f"{line.name} after {line.after}",
        expect={str(line.after)},
        match={"prefect.resource.id": CRATE},
    )
