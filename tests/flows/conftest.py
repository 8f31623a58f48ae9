"""A database for each flow test, small crates of synthetic music, and fake services."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.stand_ins.music import World
from tests.stand_ins.stand_ins import StandIns, stand_ins


@pytest.fixture
def own_database(flows: SimpleNamespace, database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of this test's own database, to which its flows write."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return database_url


@pytest.fixture
def crate(rendered: Path, tmp_path: Path) -> Callable[[int], Path]:
    """Makes this test's own crate, with the first few of the five labels."""

    def make(labels: int) -> Path:
        for folder in sorted(rendered.iterdir())[:labels]:
            shutil.copytree(folder, tmp_path / "crate" / folder.name)
        return tmp_path / "crate"

    return make


@pytest.fixture
def watch(
    flows: SimpleNamespace, own_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., StandIns]]:
    """Starts fake services with the content of a world, and points this test's flows and home at them."""
    with ExitStack() as stack:

        def start(world: World, **options: Any) -> StandIns:
            services = stack.enter_context(stand_ins(world, **options))
            for name, value in services.environment.items():
                monkeypatch.setenv(name, value)
            monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "home"))
            return services

        yield start
