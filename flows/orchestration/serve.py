"""Keep the timetable: register it with Prefect, start what is due, and see to it that no run stays for dead."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from functools import partial
from threading import Event, Thread
from typing import Any, Final

from httpx import TransportError
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import StateType
from prefect.events import EventTrigger, Posture
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore
from prefect.runner import Runner

from config.settings import SECRETS, Settings
from flows.orchestration.entrypoints import SERVER
from flows.orchestration.timetable import deployments, timetable
from flows.prefect_tools.dead_runs import HEARTBEAT, START_SECONDS, DeadRunWatch, repeat_forever
from flows.prefect_tools.run_names import TAG

HEARTBEAT_SECONDS: Final = 30  # of every run that is started from here; the least that Prefect takes
ENDS: Final = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")}
OUTAGE_PAUSE: Final = 2.0  # seconds between two questions whether the server is there again


def register(settings: Settings) -> None:
    """Tell Prefect the timetable, in place of an earlier one, and what to make of runs that fall silent."""
    for deployment in deployments(settings):
        deployment.apply()
    delete_old_deployments(settings)
    register_crash_rules()


def delete_old_deployments(settings: Settings) -> None:
    """Remove what an earlier timetable had and this one has not: its schedules would go on."""
    names = {line.name for line in timetable(settings)}
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    with get_client(sync_client=True) as client:
        for known in client.read_deployments(deployment_filter=ours):
            if known.name not in names:
                client.delete_deployment(known.id)


def register_crash_rules() -> None:
    """Have the server mark runs as crashed whose process was killed along with what started it, or lost its machine.

    Those are runs of the timetable, and their stages, that were to begin and have sent no heartbeat in time, and all
    runs whose heartbeat has stopped. Other runs than the timetable's may have none (flows/home/environment.py).

    A rule that is there already is left alone: with an update the server forgets which runs it was waiting for.
    """
    rules = (
        _silence(
            "labelscope: a run that fell silent has crashed",
            after={HEARTBEAT},
            seconds=3 * HEARTBEAT_SECONDS,
            message="It fell silent: its process or its machine has died; what it had committed is kept.",
        ),
        _silence(
            "labelscope: a run that never began has crashed",
            after={"prefect.flow-run.Pending", "prefect.flow-run.Running"},
            seconds=START_SECONDS,
            message="It never began: its process has died before its first line.",
            tag=TAG,
        ),
    )
    with get_client(sync_client=True) as client:
        for rule in rules:
            known = client.read_automations_by_name(rule.name)
            if not known:
                client.create_automation(rule)
            elif known[0].model_dump(exclude={"id"}) != rule.model_dump():
                client.update_automation(known[0].id, rule)


def _silence(
    name: str, after: set[str], seconds: float, message: str, tag: str | None = None
) -> AutomationCore:
    """After an event of a run, if neither a heartbeat nor its end follows in time, the run has crashed."""
    tagged = {"prefect.resource.id": f"prefect.tag.{tag}", "prefect.resource.role": "tag"} if tag else {}
    return AutomationCore(
        name=name,
        trigger=EventTrigger(
            after=after,
            expect={HEARTBEAT, *ENDS},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            match_related=tagged,
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=seconds),
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=message)],
    )


class TimetableRunner(Runner):
    """Prefect's own, but for SIGTERM: that one raises SystemExit wherever the signal happens to arrive.

    In a destructor nobody hears of an exception, so that the signal would be lost and the process stay.
    """

    async def run(self, asked_to_end: Event) -> None:
        """Start the runs that are due, until SIGTERM cancels this, or has come before it could."""
        task = asyncio.current_task()
        assert task is not None
        self._end = partial(asyncio.get_running_loop().call_soon_threadsafe, task.cancel)
        signal.signal(signal.SIGTERM, self.handle_sigterm)
        if asked_to_end.is_set():
            raise asyncio.CancelledError
        await self.start()

    def handle_sigterm(self, *_signal: Any, **_more: Any) -> None:
        self._end()


def serve(settings: Settings) -> None:
    """Start the runs that are due, each in a process of its own, until SIGINT, SIGTERM or SIGHUP."""
    os.environ[SERVER] = str(os.getpid())
    _leave_the_folder(settings)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    asked_to_end = Event()
    Thread(
        target=repeat_forever, args=[DeadRunWatch(TAG).mark_dead_runs], name="silent runs", daemon=True
    ).start()
    try:
        while not _serve_until_outage(settings, asked_to_end):
            # The runner's own handler ends with it, and SIGTERM may come before the next one has its own.
            signal.signal(signal.SIGTERM, lambda *_: asked_to_end.set())
            _wait_for_server(asked_to_end)
    except (KeyboardInterrupt, asyncio.CancelledError):
        return


def _leave_the_folder(settings: Settings) -> None:
    """Go on in the home: Prefect looks for a run's module where it works, and a folder `flows` there may not be ours.

    What was relative to that folder is made absolute for the runs.
    """
    places = {"LABELS": settings.labels, "CRATE": settings.crate, "SECRETS": SECRETS.absolute()}
    os.environ.update({f"LABELSCOPE_{name}": str(path) for name, path in places.items() if path is not None})
    os.chdir(settings.home)


def _serve_until_outage(settings: Settings, asked_to_end: Event) -> bool:
    """False: Prefect's runner has given up, as it does when its server has not answered for minutes."""
    runner = TimetableRunner(
        "labelscope", query_seconds=2, pause_on_shutdown=False, heartbeat_seconds=HEARTBEAT_SECONDS
    )
    try:
        for deployment in deployments(settings):
            runner.add_deployment(deployment)
        asyncio.run(runner.run(asked_to_end))
    except TransportError:
        return False
    except ExceptionGroup as given_up:
        if given_up.split(RuntimeError)[1] is not None:
            raise
        return False
    return True


def _wait_for_server(asked_to_end: Event) -> None:
    """Raises KeyboardInterrupt once somebody has asked to end."""
    sys.stderr.write("Prefect's server does not answer; the timetable goes on as soon as it does.\n")
    with get_client(sync_client=True) as client:
        while client.api_healthcheck() is not None:
            if asked_to_end.wait(OUTAGE_PAUSE):
                raise KeyboardInterrupt
