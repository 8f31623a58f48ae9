"""`labelscope deploy` registers the same timetable as `labelscope up`."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from config.settings import Settings
from tests.processes import wait_until


@pytest.fixture
def settings(flows: SimpleNamespace) -> Iterator[Settings]:
    """Settings for this module's Prefect server, which has no deployments before and after."""
    from prefect.client.orchestration import get_client

    yield Settings(pipeline_cron="5 */4 * * *", timezone="Europe/Berlin")
    with get_client(sync_client=True) as client:
        for deployment in client.read_deployments():
            client.delete_deployment(deployment.id)


def registered() -> dict[str, dict[str, Any]]:
    """Prefect's record of each deployment of the timetable, and of the automation that starts it, by entry point."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags

    from flows.prefect_tools.run_names import TAG

    columns = (
        "entrypoint",
        "tags",
        "parameters",
        "concurrency_options",
        "paused",
        "work_pool_name",
        "job_variables",
    )
    records = {}
    with get_client(sync_client=True) as client:
        automations = client.request("POST", "/automations/filter", json={}).json()
        # Other tests leave deployments of other flows.
        with_our_tag = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
        for deployment in client.read_deployments(deployment_filter=with_our_tag):
            row = deployment.model_dump(mode="json")
            schedules = [(schedule["schedule"], schedule["active"]) for schedule in row["schedules"]]
            limit = row["global_concurrency_limit"]["limit"]
            started_by = [
                (automation["name"], automation["enabled"], {**automation["trigger"], "id": None})
                for automation in automations
                if str(deployment.id) in str(automation["actions"])
            ]
            records[row["entrypoint"]] = {name: row[name] for name in columns} | {
                "schedules": schedules,
                "limit": limit,
                "started_by": started_by,
            }
    return records


def placed(pool: str | None, variables: dict[str, Any]) -> dict[str, Any]:
    return {"work_pool_name": pool, "job_variables": variables}


def test_deploy_registers_what_up_serves(settings: Settings) -> None:
    from flows.orchestration.deploy import POOL, deploy
    from flows.orchestration.serve import HEARTBEAT_SECONDS, register
    from flows.orchestration.timetable import timetable

    register(settings)
    served = registered()
    assert set(served) == {f"flows.orchestration.entrypoints.{line.name}" for line in timetable(settings)}
    alone = sum(line.after is None for line in timetable(settings))
    assert [entry["started_by"] for entry in served.values()].count([]) == alone
    for _ in range(2):
        deploy(settings)
        deployed = registered()
        variables = {"env": {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}}
        assert deployed == {name: entry | placed(POOL, variables) for name, entry in served.items()}


def test_deployments_of_an_earlier_timetable_are_deleted_and_no_others(settings: Settings) -> None:
    from prefect.client.orchestration import get_client
    from prefect.deployments.runner import RunnerDeployment

    from flows.orchestration.entrypoints import maintain
    from flows.orchestration.serve import register
    from flows.prefect_tools.run_names import TAG

    RunnerDeployment.from_flow(maintain, "an-earlier-name", tags=[TAG]).apply()
    RunnerDeployment.from_flow(maintain, "somebody-elses").apply()
    register(settings)
    with get_client(sync_client=True) as client:
        names = {deployment.name for deployment in client.read_deployments()}
    assert "an-earlier-name" not in names and "somebody-elses" in names


def test_an_equal_automation_is_not_updated(settings: Settings) -> None:
    """With an update the server would forget which runs it waits for, and never mark a dead one."""
    from prefect.client.orchestration import get_client
    from prefect.events.schemas.automations import AutomationCore

    from flows.orchestration.deploy import deploy
    from flows.orchestration.serve import register

    def rules() -> dict[str, tuple[str, str]]:
        with get_client(sync_client=True) as client:
            automations = client.request("POST", "/automations/filter", json={}).json()
        crash_rules = [rule for rule in automations if rule["name"].startswith("labelscope: a run")]
        return {rule["name"]: (rule["trigger"]["id"], str(rule["trigger"]["within"])) for rule in crash_rules}

    register(settings)
    before = rules()
    assert len(before) == 2
    deploy(settings)
    register(settings)
    assert rules() == before
    with get_client(sync_client=True) as client:  # as an earlier version may have had it
        registered_rule = client.read_automations_by_name(next(iter(before)))[0]
        earlier = AutomationCore(**registered_rule.model_dump(exclude={"id", "owner_resource"}))
        earlier.trigger.within *= 2
        client.update_automation(registered_rule.id, earlier)
        assert rules() != before
    register(settings)
    assert {name: within for name, (_, within) in rules().items()} == {
        name: within for name, (_, within) in before.items()
    }


@pytest.mark.slow
def test_workers_that_are_gone_are_deleted(settings: Settings) -> None:
    from prefect.client.orchestration import get_client

    from flows.orchestration.deploy import deploy
    from flows.orchestration.worker import delete_gone_workers
    from flows.prefect_tools.run_names import POOL

    deploy(settings)
    with get_client(sync_client=True) as client:

        def beat(name: str, seconds: int) -> None:
            body = {"name": name, "heartbeat_interval_seconds": seconds}
            client.request(
                "POST",
                "/work_pools/{work_pool_name}/workers/heartbeat",
                path_params={"work_pool_name": POOL},
                json=body,
            )

        def listed() -> dict[str, str]:
            workers = client.read_workers_for_work_pool(POOL)
            return {worker.name: str(worker.status) for worker in workers}

        for name in ("a gone one", "gone/with an address"):
            beat(name, 0)
        beat("alive", 600)
        wait_until(lambda: str(listed()).count("OFFLINE") == 2, 60)
        for _ in range(2):
            delete_gone_workers()
            assert set(listed()) == {"alive", "gone/with an address"}
        beat("a gone one", 600)  # it was only cut off
        assert len(listed()) == 3
