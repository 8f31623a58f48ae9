"""Events that trigger the next stage, where stages run as separate flows."""

from typing import Final

from prefect.events import emit_event
from prefect.runtime import flow_run

INGESTED: Final = "labelscope.tracks.ingested"
EXTRACTED: Final = "labelscope.clips.extracted"
PROMOTED: Final = "labelscope.model.promoted"
CRATE: Final = "labelscope.crate"
"""The resource of all these events."""


def announce(event: str, **payload: int) -> None:
    """Emit an event, unless this run is a stage of a pipeline, which starts the next stage itself."""
    if flow_run.get_parent_flow_run_id() is None:
        emit_event(event, resource={"prefect.resource.id": CRATE}, payload=payload)
