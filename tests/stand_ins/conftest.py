"""Fake services with a small world, and a session that trusts their certificate."""

from collections.abc import Iterator

import pytest
import requests

from tests.stand_ins import music
from tests.stand_ins.stand_ins import StandIns, stand_ins


@pytest.fixture
def services() -> Iterator[StandIns]:
    with stand_ins(music.small_world()) as running:
        yield running


@pytest.fixture
def http(services: StandIns) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # or a bundle that is set outside would win over this one
    session.verify = services.environment["REQUESTS_CA_BUNDLE"]
    return session
