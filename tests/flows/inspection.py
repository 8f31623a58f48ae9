"""Read rows, coverage and artifacts after a flow; empty a database and a home."""

from typing import Any

from sqlalchemy import Engine, text

from config.settings import Settings
from db import read
from tests.db.contents import contents
from tests.flows.final_state import final_state

CHECK_TIMES = ("last_seen_at", "checked_at")


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def everything(engine: Engine) -> dict[str, list[str]]:
    with engine.connect() as connection:
        return contents(connection, without=CHECK_TIMES)


def state_of(engine: Engine) -> dict[str, list[Any]]:
    with engine.connect() as connection:
        return final_state(connection, Settings().home)


def coverage(engine: Engine) -> dict[str, Any]:
    with engine.connect() as connection:
        return {row.playlist: row for row in read.views.playlist_coverage(connection)}


def wipe(engine: Engine) -> None:
    """Empty the database and the audio folder of the home."""
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE labels, playlists, artists, tracks, provider_state CASCADE"))
    for path in sorted((Settings().home / "audio").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()


def artifacts_of(run: str | None = None) -> dict[str | None, Any]:
    """The artifacts of a flow run, or the newest of all runs, by key; a progress bar has no key."""
    # Prefect reads the address of its server when it is imported.
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

    with get_client(sync_client=True) as client:
        if run is None:
            return {artifact.key: artifact for artifact in client.read_latest_artifacts()}
        of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run]))
        return {artifact.key: artifact for artifact in client.read_artifacts(artifact_filter=of_run)}
