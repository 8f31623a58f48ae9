"""Serve the timetable: register it with Prefect, start due runs, and mark dead runs as crashed."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from functools import partial
from threading import Event, Thread
from typing import Final

from httpx import TransportError
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import StateType
from prefect.events import EventTrigger, Posture
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore
from prefect.runner import Runner

from config.settings import SECRETS, Settings
from flows.orchestration.entrypoints import SERVED_BY
from flows.orchestration.timetable import deployments, timetable
from flows.prefect_tools.dead_runs import HEARTBEAT, START_SECONDS, DeadRunWatch, repeat_forever
from flows.prefect_tools.run_names import TAG

HEARTBEAT_SECONDS: Final = 30  # between heartbeats of a run; the least that Prefect accepts
ENDS: Final = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")}
OUTAGE_SECONDS: Final = 2.0  # between two checks whether the server answers again


def register(settings: Settings) -> None:
    """Register the timetable with Prefect, in place of an earlier one, and the rules for dead runs."""
    for deployment in deployments(settings):
        deployment.apply()
    delete_old_deployments(settings)
    register_crash_rules()


def delete_old_deployments(settings: Settings) -> None:
    """Delete deployments that are not in the timetable any more: their schedules would go on."""
    names = {line.name for line in timetable(settings)}
    with_our_tag = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    with get_client(sync_client=True) as client:
        for deployment in client.read_deployments(deployment_filter=with_our_tag):
            if deployment.name not in names:
                client.delete_deployment(deployment.id)


def register_crash_rules() -> None:
    """Register automations with which the server marks dead runs as crashed.

    One is for runs whose heartbeats have stopped. The other is for runs of the timetable, and their stages, that never
    sent a heartbeat; runs of other commands may have none (flows/home/environment.py). An equal automation is not
    updated: with an update the server forgets which runs it was waiting for.
    """
    rules = (
        _crash_rule(
            "labelscope: a run that fell silent has crashed",
            after={HEARTBEAT},
            seconds=3 * HEARTBEAT_SECONDS,
            message="It sent no more heartbeats: its process or machine has died; what it had committed is kept.",
        ),
        _crash_rule(
            "labelscope: a run that never began has crashed",
            after={"prefect.flow-run.Pending", "prefect.flow-run.Running"},
            seconds=START_SECONDS,
            message="It never began: its process has died before its first line.",
            tag=TAG,
        ),
    )
    with get_client(sync_client=True) as client:
        for rule in rules:
            registered = client.read_automations_by_name(rule.name)
            if not registered:
                client.create_automation(rule)
            elif registered[0].model_dump(exclude={"id"}) != rule.model_dump():
                client.update_automation(registered[0].id, rule)


def _crash_rule(
    name: str, after: set[str], seconds: float, message: str, tag: str | None = None
) -> AutomationCore:
    """An automation: a run has crashed if no heartbeat and no final state follows one of the events in time."""
    tag_filter = {"prefect.resource.id": f"prefect.tag.{tag}", "prefect.resource.role": "tag"} if tag else {}
    return AutomationCore(
        name=name,
        trigger=EventTrigger(
            after=after,
            expect={HEARTBEAT, *ENDS},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            match_related=tag_filter,
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=seconds),
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=message)],
    )


class TimetableRunner(Runner):
    """Prefect's runner, which ends cleanly on SIGTERM.

    Prefect's handler raises SystemExit wherever the signal arrives. Python ignores exceptions in destructors, so there
    the signal would be lost and the process go on.
    """

    async def run(self, asked_to_end: Event) -> None:
        """Start due runs until SIGTERM, which cancels this coroutine. Raises CancelledError if SIGTERM came before."""
        task = asyncio.current_task()
        assert task is not None
        self._end = partial(asyncio.get_running_loop().call_soon_threadsafe, task.cancel)
        signal.signal(signal.SIGTERM, self.handle_sigterm)
        if asked_to_end.is_set():
            raise asyncio.CancelledError
        await self.start()

    def handle_sigterm(self, *_signal: object, **_options: object) -> None:
        """End the runner; Prefect's runner installs this as the handler of SIGTERM."""
        self._end()


def serve(settings: Settings) -> None:
    """Start due runs, each in its own process, until SIGINT, SIGTERM or SIGHUP."""
    os.environ[SERVED_BY] = str(os.getpid())
    _change_to_home(settings)
    # nohup ignores SIGHUP.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    asked_to_end = Event()
    Thread(
        target=repeat_forever, args=[DeadRunWatch(TAG).mark_dead_runs], name="dead runs", daemon=True
    ).start()
    try:
        while not _serve_until_outage(settings, asked_to_end):
            # The runner's handler has ended with it, and SIGTERM may come before the next runner has one.
            signal.signal(signal.SIGTERM, lambda *_: asked_to_end.set())
            _wait_for_server(asked_to_end)
    except (KeyboardInterrupt, asyncio.CancelledError):
        return


def _change_to_home(settings: Settings) -> None:
    """Make the home the working directory: Prefect imports a run's module from there, and another may have a `flows`.

    Relative paths of settings become absolute for the runs.
    """
    paths = {"LABELS": settings.labels, "CRATE": settings.crate, "SECRETS": SECRETS.absolute()}
    os.environ.update({f"LABELSCOPE_{name}": str(path) for name, path in paths.items() if path is not None})
    os.chdir(settings.home)


def _serve_until_outage(settings: Settings, asked_to_end: Event) -> bool:
    """Run Prefect's runner. Returns False where it has given up, as its server did not answer for minutes."""
    runner = TimetableRunner(
        "labelscope", query_seconds=2, pause_on_shutdown=False, heartbeat_seconds=HEARTBEAT_SECONDS
    )
    try:
        for deployment in deployments(settings):
            runner.add_deployment(deployment)
        asyncio.run(runner.run(asked_to_end))
    except TransportError:
        return False
    except ExceptionGroup as failures:
        if failures.split(RuntimeError)[1] is not None:
            raise
        return False
    return True


def _wait_for_server(asked_to_end: Event) -> None:
    """Return when Prefect's server answers. Raises KeyboardInterrupt once SIGTERM has come."""
    sys.stderr.write("Prefect's server does not answer; the timetable goes on as soon as it does.\n")
    with get_client(sync_client=True) as client:
        while client.api_healthcheck() is not None:
            if asked_to_end.wait(OUTAGE_SECONDS):
                raise KeyboardInterrupt
