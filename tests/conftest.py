"""Fixtures for every test: real clips, a database of its own on a real PostgreSQL, flows on a real Prefect server.

This module runs before anything imports JAX or reads settings, here or in a process that a test starts. Trainings are
short, since tests check their outcomes and not their accuracy, and share one cache of compiled code.
"""

import itertools
import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace

import hypothesis
import pytest
from sqlalchemy import Engine

from config.settings import Settings
from db import migrate
from db.engine import open_engine
from services.postgres.server import PostgresAddress, embedded_postgres, ensure_database
from sources.synth.crate import render_crate
from tests.recordings import write_recording
from tests.stages import Stage, copied, copied_database, in_use

ROOT = Path(__file__).resolve().parents[1]
NUMBERS = itertools.count()
HAS_SERVER = Event()  # Prefect was imported by the fixture `flows`

# A shell lets background processes ignore Ctrl-C. Processes of tests would inherit that, and some tests press Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Without a deadline: on a busy machine a test may wait for the processor.
hypothesis.settings.register_profile("busy machine", deadline=None)
hypothesis.settings.load_profile("busy machine")

os.environ |= {
    "LABELSCOPE_HYPERPARAMETERS": '{"members": 1, "epochs": 2, "minimum_steps": 2}',
    "LABELSCOPE_WORKERS": "1",  # each takes seconds to import what it needs, and tests run side by side
    "JAX_COMPILATION_CACHE_DIR": str(ROOT / ".pytest_cache" / "jax"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}


def pytest_collection_finish() -> None:
    """Fail where a test module imports Prefect: it reads its settings then, before the fixture `flows` has set them."""
    if "prefect" in sys.modules:
        raise pytest.UsageError("A test module imports Prefect, or a flow: do so inside of the test.")


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """Each test begins with the usual umask, which a command with a home changes for the whole process."""
    os.umask(0o022)
    yield
    os.umask(0o022)


@pytest.fixture(autouse=True)
def prefect_after_its_settings() -> Iterator[None]:
    """Fail a test that imports Prefect without the fixture `flows`: the next tests would have no server."""
    yield
    assert "prefect" not in sys.modules or HAS_SERVER.is_set(), "import Prefect in a process of its own"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real clips beside the checkout; without it, tests that need it are skipped."""
    folder = ROOT.parent / "shared" / "corpus"
    if not folder.is_dir():
        pytest.skip("no corpus of real clips beside this checkout")
    return folder


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresAddress]:
    """A PostgreSQL server for all tests."""
    with embedded_postgres(tmp_path_factory.mktemp("postgres"), durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def template(postgres: PostgresAddress) -> str:
    """Name of a migrated, empty database to copy from."""
    ensure_database(postgres, "template_labelscope")
    migrate.upgrade(postgres.url("template_labelscope"))
    return "template_labelscope"


@pytest.fixture
def empty_database(postgres: PostgresAddress) -> str:
    """The URL of an empty database."""
    name = f"empty_{next(NUMBERS)}"
    ensure_database(postgres, name)
    return postgres.url(name)


@pytest.fixture
def database_url(postgres: PostgresAddress, template: str) -> Iterator[str]:
    """The URL of a migrated database for this test only."""
    with copied_database(postgres, template) as name:
        yield postgres.url(name)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on this test's database."""
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """The flows, with a Prefect server to report to. Imported here, since Prefect reads the environment once."""
    before = dict(os.environ)
    home = tmp_path_factory.mktemp("home")
    os.environ["LABELSCOPE_HOME"] = str(home)
    from flows.home.environment import runtime

    HAS_SERVER.set()
    # Prefect's server commits at every step of a run.
    with embedded_postgres(home, durable=False), runtime(Settings()):
        from flows.evaluation.flow import evaluate
        from flows.extract.flow import extract
        from flows.ingest.flow import ingest
        from flows.maintain.flow import maintain
        from flows.mix.flow import mix
        from flows.pipeline import pipeline
        from flows.predict.flow import predict
        from flows.training.flow import retrain

        yield SimpleNamespace(
            home=home,
            ingest=ingest,
            extract=extract,
            retrain=retrain,
            predict=predict,
            pipeline=pipeline,
            evaluate=evaluate,
            maintain=maintain,
            mix=mix,
        )
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five synthetic labels with four tracks of nine seconds each."""
    folder = tmp_path_factory.mktemp("rendered")
    render_crate(folder, tracks_per_label=4, artists_per_label=4, duration_s=9.0)
    return folder


@pytest.fixture(scope="session")
def recording(rendered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seventy-two seconds of two of these labels, one after the other."""
    path = tmp_path_factory.mktemp("recordings") / "Somebody - Live at Berghain.flac"
    write_recording(path, rendered)
    return path


@pytest.fixture(scope="session")
def three_labels(rendered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The crate of the stages below; a test that changes it restores it."""
    crate = tmp_path_factory.mktemp("stages") / "crate"
    for folder in sorted(rendered.iterdir())[:3]:
        shutil.copytree(folder, crate / folder.name)
    return crate


@pytest.fixture(scope="session")
def extracted(
    flows: SimpleNamespace, postgres: PostgresAddress, template: str, three_labels: Path
) -> Iterator[Stage]:
    """Twelve extracted tracks of three labels."""
    home = three_labels.with_name("extracted")
    home.mkdir()
    with copied_database(postgres, template) as database:
        stage = Stage(postgres, database, home)
        with in_use(stage):
            flows.ingest(three_labels)
            flows.extract()
        yield stage


@pytest.fixture(scope="session")
def trained(flows: SimpleNamespace, extracted: Stage) -> Iterator[Stage]:
    """The same tracks after one training: model 1 is the champion, 2 its baseline, and all tracks are scored."""
    with copied(extracted, extracted.home.with_name("trained")) as stage:
        with in_use(stage):
            flows.retrain()
            flows.predict()
        yield stage


@pytest.fixture(scope="session")
def rivals(flows: SimpleNamespace, trained: Stage) -> Iterator[Stage]:
    """The same tracks after another training, on demand: model 3 is the challenger."""
    with copied(trained, trained.home.with_name("rivals")) as stage:
        # A setting without an effect, since nothing is trained twice with the same ones.
        with in_use(stage), random_draws(), pytest.MonkeyPatch.context() as patch:
            hyperparameters = json.loads(os.environ["LABELSCOPE_HYPERPARAMETERS"])
            patch.setenv(
                "LABELSCOPE_HYPERPARAMETERS", json.dumps({**hyperparameters, "label_smoothing": 1e-12})
            )
            flows.retrain("to see the same again")
        yield stage


@contextmanager
def random_draws() -> Iterator[None]:
    """Another thread draws random numbers all the time, as the threads of Prefect do now and then."""
    over = Event()

    def draw() -> None:
        while not over.wait(0.001):
            random.random()

    thread = Thread(target=draw)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture
def go_on(tmp_path: Path) -> Iterator[Callable[[Stage], Engine]]:
    """Lets the flows of this test continue from a copy of a stage; returns an engine on the copied database."""
    with ExitStack() as stack:

        def start(stage: Stage) -> Engine:
            copy = stack.enter_context(copied(stage, tmp_path / "home"))
            stack.enter_context(in_use(copy))
            engine = open_engine(copy.url)
            stack.callback(engine.dispose)
            return engine

        yield start
