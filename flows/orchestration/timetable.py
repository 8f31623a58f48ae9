"""When each flow runs. `labelscope up` serves it on this machine, `labelscope deploy` on workers."""

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
    """A flow, and what starts it besides a person: a schedule (`cron`), or an event (`after`).

    If it runs already, a second run is cancelled, or waits where `queued`.
    """

    # Of any parameters and any result.
    flow: Flow[..., Any]
    cron: str | None = None
    after: str | None = None
    queued: bool = False

    @property
    def name(self) -> str:
        """The name of the flow."""
        return self.flow.name

    def next_run(self, now: datetime) -> datetime | None:
        """The next time of the schedule after `now`, in its time zone; None without a schedule."""
        return next(CronSim(self.cron, now)) if self.cron else None


def timetable(settings: Settings) -> tuple[Line, ...]:
    """Every flow that people, schedules or events may start."""
    return (
        Line(entrypoints.pipeline, cron=settings.pipeline_cron),
        Line(entrypoints.ingest),
        Line(entrypoints.extract, after=INGESTED),
        Line(entrypoints.retrain, after=EXTRACTED),
        Line(entrypoints.predict, after=PROMOTED),
        Line(entrypoints.mix, queued=True),
        Line(entrypoints.evaluate),
        Line(entrypoints.maintain, cron=settings.maintain_cron),
        Line(entrypoints.report, cron=settings.report_cron),
    )


def deployments(settings: Settings) -> Iterator[RunnerDeployment]:
    """A Prefect deployment for each line of the timetable, with one run at a time."""
    for line in timetable(settings):
        deployment = RunnerDeployment.from_flow(
            line.flow,
            # pipeline/pipeline: Prefect's pages list deployments by this second name alone.
            line.name,
            schedule=Cron(line.cron, timezone=str(settings.timezone)) if line.cron else None,
            triggers=[_trigger(line)] if line.after else [],
            tags=[TAG, line.name],
            concurrency_limit=ConcurrencyLimitConfig(
                limit=1,
                collision_strategy=ConcurrencyLimitStrategy.ENQUEUE
                if line.queued
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
