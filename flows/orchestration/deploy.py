"""Deploy the timetable to a work pool. Any number of workers, also on other machines, may run it."""

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists
from prefect.workers.process import ProcessWorker

from config.settings import Settings
from flows.orchestration.serve import HEARTBEAT_SECONDS, delete_old_deployments, register_crash_rules
from flows.orchestration.timetable import deployments
from flows.prefect_tools.run_names import POOL


def deploy(settings: Settings) -> None:
    """Deploy every flow of the timetable to the pool; replaces earlier deployments and those of `labelscope up`.

    Workers import the flows from their module, so Labelscope must be installed there.
    """
    _make_pool()
    for deployment in deployments(settings):
        deployment.job_variables = {"env": {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}}
        deployment.apply(work_pool_name=POOL)
    delete_old_deployments(settings)
    register_crash_rules()


def _make_pool() -> None:
    """Create the work pool unless it exists, or another process creates it just now."""
    pool = WorkPoolCreate(
        name=POOL,
        type=ProcessWorker.type,
        description="Runs of Labelscope, each in a process of its own beside its worker.",
        base_job_template=ProcessWorker.get_default_base_job_template(),
    )
    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(pool)
        except ObjectAlreadyExists:
            return
