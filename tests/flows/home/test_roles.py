"""Flows need no more rights than those of the role of the pipeline."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine

from config.settings import Settings
from db.roles import PIPELINE, as_role, make_roles
from flows.home.environment import open_database
from flows.ingest.retention import purge
from tests.flows.inspection import rows


@pytest.mark.slow
def test_a_pipeline_works_with_the_role_of_the_pipeline(
    flows: SimpleNamespace,
    own_database: str,
    engine: Engine,
    crate: Callable[[int], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_roles(own_database)
    monkeypatch.setenv("DATABASE_URL", as_role(own_database, PIPELINE))
    outcome = flows.pipeline(crate(3))
    assert (outcome.retrained.outcome, outcome.predicted.tracks) == ("promoted", 12)
    with open_database(Settings()) as as_pipeline:
        assert rows(as_pipeline, "SELECT current_user::text") == [(PIPELINE,)]
        purge(as_pipeline, Settings(), "folder")
    assert rows(engine, "SELECT count(*) FROM tracks") == [(0,)]
