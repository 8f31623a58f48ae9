"""The runtime of every flow: a migrated database, a Prefect server, and the folders of the home.

This module imports neither Prefect nor Keras. Both read their settings from the environment when they are imported, so
`runtime` must be entered first.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Engine

from config.settings import Settings
from db import migrate
from db.engine import WORK_SECONDS, open_engine, with_password
from db.lock_waits import announced
from db.roles import PIPELINE, as_role, keep_roles
from db.server import require_usable
from flows.home.dask_setting import check_cluster
from flows.home.folder import make_home, secure_home
from services.postgres.server import embedded_postgres, ensure_database
from services.prefect.api import PrefectApi
from services.prefect.login import given_login
from services.prefect.server import client_environment, home_api, prefect_server, require_api
from services.up_process import up_state
from sources.records import path_of

DATABASE = "labelscope"
STORE = "store:"
"""Prefix of the uri of audio that is stored in the home."""


@contextmanager
def database_address(settings: Settings) -> Iterator[str]:
    """The URL of the database: DATABASE_URL if it is set, else that of the home's own PostgreSQL, now running."""
    if settings.database_url:
        secure_home(settings)
        secret = settings.database_password
        address = settings.database_url
        if secret:
            address = with_password(address, secret.get_secret_value())
        require_usable(address)
        yield address
        return
    make_home(settings)
    with embedded_postgres(settings.home) as server:
        ensure_database(server, DATABASE)
        yield server.url(DATABASE)


@contextmanager
def migrated_database(settings: Settings) -> Iterator[str]:
    """The URL of the database, migrated to this version's schema. In the home's own PostgreSQL it is the owner's."""
    with database_address(settings) as address:
        migrate.upgrade(address)
        if settings.database_url is None:
            keep_roles(address)
        yield address


@contextmanager
def open_database(
    settings: Settings, role: str = PIPELINE, lock_seconds: int = WORK_SECONDS
) -> Iterator[Engine]:
    """An engine for the migrated database, with a role of db/roles.py, or with the user that DATABASE_URL names."""
    with (
        migrated_database(settings) as address,
        connected(address if settings.database_url else as_role(address, role), lock_seconds) as engine,
    ):
        yield engine


@contextmanager
def connected(address: str, lock_seconds: int = WORK_SECONDS) -> Iterator[Engine]:
    """An engine for the database at this URL. Its connections are closed at the end of the block."""
    engine = open_engine(address, lock_seconds)
    try:
        with announced(engine):
            yield engine
    finally:
        engine.dispose()


@contextmanager
def runtime(settings: Settings, port: int | None = None) -> Iterator[str]:
    """Everything that a flow run needs, for the block; yields the URL of Prefect's API.

    Attaches to the home's Prefect server if it runs, else starts it (on `port`, if given). PREFECT_API_URL names
    another server. Writes nothing outside of the home.
    """
    check_cluster(settings)
    make_home(settings)
    now = datetime.now(UTC)
    with ExitStack() as stack:
        api, fresh = configured_prefect(settings), False
        if api is not None:
            require_api(api)
        else:
            server = stack.enter_context(
                prefect_server(settings.home, port=port, keep_days=settings.keep_runs_days)
            )
            api, fresh = home_api(settings.home, server), server.started_fresh
        os.environ.update(client_environment(settings.home, api.url, api.login))
        contain_library_caches(settings)
        from flows.prefect_tools.single_run import deliver, mark_crashed, without_heartbeat

        if fresh:
            mark_crashed(before=now)
        # Where a server is kept up it outlives this run, and has to hear should it die.
        quiet = nullcontext() if settings.prefect_api_url or up_state(settings.home) else without_heartbeat()
        with quiet:
            try:
                yield api.url
            finally:
                deliver()


def configured_prefect(settings: Settings) -> PrefectApi | None:
    """The Prefect server that PREFECT_API_URL names, with the login of the environment; None where it is not set."""
    return PrefectApi(settings.prefect_api_url, given_login()) if settings.prefect_api_url else None


def contain_library_caches(settings: Settings) -> None:
    """Keep the caches of libraries inside the home, and Prefect's log lines off the terminal."""
    # Absolute, so that a change of the working directory does not move the home.
    os.environ["LABELSCOPE_HOME"] = str(settings.home)
    os.environ.setdefault("MPLCONFIGDIR", str(settings.home / "cache" / "matplotlib"))
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    contain_model_caches(settings)


def contain_model_caches(settings: Settings) -> None:
    """Keep the caches of Keras and Numba inside the home."""
    os.environ.setdefault("KERAS_HOME", str(settings.home / "cache" / "keras"))
    # Numba caches what it compiles (half a minute) beside the source, or else in ~/.cache, outside of the home.
    sources = (find_spec("librosa"), find_spec("ml"))
    if not all(spec and spec.origin and os.access(Path(spec.origin).parent, os.W_OK) for spec in sources):
        os.environ.setdefault("NUMBA_CACHE_DIR", str(settings.home / "cache" / "numba"))


def spectrogram_folder(settings: Settings, recipe_fingerprint: str) -> Path:
    """The folder of the spectrograms that were computed with one configuration."""
    return settings.home / "spectrograms" / recipe_fingerprint


def model_folder(settings: Settings) -> Path:
    """The folder of model files."""
    return settings.home / "models"


def audio_folder(settings: Settings) -> Path:
    """The folder of downloaded audio."""
    return settings.home / "audio"


def stored_audio(settings: Settings, uri: str) -> Path:
    """The file of a `store:` uri. Raises ValueError for any other uri, and for one outside of the audio folder."""
    path = settings.home / uri.removeprefix(STORE)
    if not uri.startswith(STORE) or not path.resolve().is_relative_to(audio_folder(settings).resolve()):
        raise ValueError(f"{uri!r} is not the uri of audio that Labelscope stores.")
    return path


def audio_path(settings: Settings, uri: str) -> Path:
    """The audio file of a clip: stored in the home, or the user's own."""
    return stored_audio(settings, uri) if uri.startswith(STORE) else path_of(uri)
