"""`labelscope deploy`, as far as no server is needed: tests/flows/test_workers.py has the rest."""

import pytest

from tests.cli.conftest import FrontDoor


def test_without_a_server_there_is_nothing_to_deploy_to(
    front_door: FrontDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    assert "set PREFECT_API_URL" in front_door("deploy", expect=1)
