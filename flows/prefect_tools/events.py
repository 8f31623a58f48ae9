"""What flows tell Prefect, so that the next stage can begin where the stages run apart."""

from typing import Any, Final

from prefect.events import emit_event
from prefect.runtime import flow_run

INGESTED: Final = "labelscope.tracks.ingested"
EXTRACTED: Final = "labelscope.clips.extracted"
PROMOTED: Final = "labelscope.model.promoted"
CRATE: Final = "labelscope.crate"  # what all of them are about


def announce(event: str, **payload: Any) -> None:
    """Emit an event, unless this run is a stage of a larger one, which goes on by itself."""
    if flow_run.get_parent_flow_run_id() is None:
        emit_event(event, resource={"prefect.resource.id": CRATE}, payload=payload)
