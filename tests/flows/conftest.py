"""A Prefect server for all flow tests, a database for each, and small crates of synthetic music."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config.settings import Settings
from sources.synth import render_crate
from tests.services.music import World
from tests.services.stand_ins import StandIns, stand_ins


@pytest.fixture(scope="session")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """The flows, with a Prefect server to report to. Imported here, since Prefect reads the environment once."""
    before = dict(os.environ)
    home = tmp_path_factory.mktemp("home")
    os.environ["LABELSCOPE_HOME"] = str(home)
    from flows.home import surroundings

    with surroundings(Settings()):
        from flows.extract import extract
        from flows.ingest import ingest
        from flows.pipeline import pipeline
        from flows.predict import predict
        from flows.retrain import retrain

        yield SimpleNamespace(
            home=home,
            ingest=ingest,
            extract=extract,
            retrain=retrain,
            predict=predict,
            pipeline=pipeline,
        )
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def own_database(flows: SimpleNamespace, database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Flows of this test write to a database of its own."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return database_url


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five synthetic labels with four tracks of nine seconds each."""
    folder = tmp_path_factory.mktemp("rendered")
    render_crate(folder, tracks_per_label=4, artists_per_label=4, duration_s=9.0)
    return folder


@pytest.fixture
def crate(rendered: Path, tmp_path: Path) -> Callable[[int], Path]:
    """Makes a crate of this test's own with the first few of the five labels."""

    def make(labels: int) -> Path:
        for folder in sorted(rendered.iterdir())[:labels]:
            shutil.copytree(folder, tmp_path / "crate" / folder.name)
        return tmp_path / "crate"

    return make


@pytest.fixture
def watch(
    flows: SimpleNamespace, own_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., StandIns]]:
    """Starts stand-ins for the services of a world, and points this test's flows and home at them."""
    with ExitStack() as stack:

        def start(world: World, **options: Any) -> StandIns:
            services = stack.enter_context(stand_ins(world, **options))
            for name, value in services.environment.items():
                monkeypatch.setenv(name, value)
            monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "home"))
            return services

        yield start
