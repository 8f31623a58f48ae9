"""Keep the timetable: register it with Prefect, start what is due, and see to it that no run stays for dead."""

import asyncio
import os
import signal
from datetime import timedelta
from functools import partial
from typing import Any, Final

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events import EventTrigger, Posture
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore
from prefect.runner import Runner

from config.settings import Settings
from flows.served import SERVER
from flows.timetable import deployments

HEARTBEAT_SECONDS: Final = 30  # of every run that is started from here; the least that Prefect takes
SILENT: Final = "labelscope: a run that fell silent has crashed"
ENDS: Final = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")}


def register(settings: Settings) -> None:
    """Tell Prefect the timetable, in place of an earlier one, and what to make of runs that fall silent."""
    for deployment in deployments(settings):
        deployment.apply()
    watch_heartbeats()


def watch_heartbeats() -> None:
    """Have the server mark runs as crashed that have sent no heartbeat for three times their interval.

    Their process was killed along with the one that started them, or their machine is gone.
    """
    rule = AutomationCore(
        name=SILENT,
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *ENDS},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=3 * HEARTBEAT_SECONDS),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                message="It fell silent: its process or its machine has died; what it had committed is kept.",
            )
        ],
    )
    with get_client(sync_client=True) as client:
        known = client.read_automations_by_name(SILENT)
        if known:
            client.update_automation(known[0].id, rule)
        else:
            client.create_automation(rule)


class TimetableRunner(Runner):
    """Prefect's own, but for SIGTERM: that one raises SystemExit wherever the signal happens to arrive.

    In a destructor nobody hears of an exception, so that the signal would be lost and the process stay.
    """

    async def run(self) -> None:
        """Start the runs that are due, until SIGTERM cancels this."""
        task = asyncio.current_task()
        assert task is not None
        self._end = partial(asyncio.get_running_loop().call_soon_threadsafe, task.cancel)
        await self.start()

    def handle_sigterm(self, *_signal: Any, **_more: Any) -> None:
        self._end()


def serve(settings: Settings) -> None:
    """Start the runs that are due, each in a process of its own, until SIGINT, SIGTERM or SIGHUP."""
    os.environ[SERVER] = str(os.getpid())
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    runner = TimetableRunner(
        "labelscope", query_seconds=2, pause_on_shutdown=False, heartbeat_seconds=HEARTBEAT_SECONDS
    )
    for deployment in deployments(settings):
        runner.add_deployment(deployment)
    try:
        asyncio.run(runner.run())
    except (KeyboardInterrupt, asyncio.CancelledError):
        return
