"""Everything on Prefect's pages has a name that means something, and artifacts have descriptions."""

import re
from types import SimpleNamespace

from tests.stages import Stage

FLOWS = ("pipeline", "ingest", "extract", "retrain", "predict", "mix", "evaluate", "maintain", "report")
OWN_NAME = re.compile(r"\d{4}-\d\d-\d\d")  # every run has its date; Prefect's own names are "happy-badger"
GENERATED = re.compile(r"[a-z_ ]+-[0-9a-f]{3}")  # of a task without a name of its own


def test_runs_have_names_and_artifacts_have_descriptions(flows: SimpleNamespace, rivals: Stage) -> None:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        ours = {flow.id for flow in client.read_flows() if flow.name in FLOWS}
        runs = [run for run in client.read_flow_runs(limit=200) if run.flow_id in ours]
        of_runs = {run.id for run in runs}
        tasks = [task for task in client.read_task_runs(limit=200) if task.flow_run_id in of_runs]
        artifacts = [entry for entry in client.read_artifacts(limit=200) if entry.flow_run_id in of_runs]
    assert runs and tasks and artifacts
    assert [run.name for run in runs if not OWN_NAME.search(run.name)] == []
    # A flow within a flow has a task run beside its own run.
    of_flows = {run.parent_task_run_id for run in runs}
    assert [task.name for task in tasks if task.id not in of_flows and GENERATED.fullmatch(task.name)] == []
    shown = [artifact for artifact in artifacts if artifact.key is not None or artifact.type == "progress"]
    assert [artifact.key for artifact in shown if not artifact.description] == []
