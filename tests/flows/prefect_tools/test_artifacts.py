"""The artifacts of flows on Prefect's pages."""

from collections.abc import Callable
from types import SimpleNamespace

from sqlalchemy import Engine

from tests.flows.inspection import artifacts_of
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]

KINDS = {
    "came-in": "markdown",
    "not-used": "table",
    "coverage": "table",
    "extracted": "markdown",
    "models": "table",
    "label-accuracy": "table",
    "confusion-matrix": "image",
    "predicted": "markdown",
    "mistakes": "table",
    "kept-up": "markdown",
    "file-faults": "table",
}


def test_each_flow_creates_its_artifacts(flows: SimpleNamespace, trained: Stage, go_on: GoOn) -> None:
    go_on(trained)
    flows.maintain()
    artifacts = artifacts_of()
    assert {key: artifacts[key].type for key in KINDS} == KINDS
    assert " clips are ready" in artifacts["extracted"].data
    assert " tracks by " in artifacts["predicted"].data
    assert "0 do not agree" in artifacts["kept-up"].data
