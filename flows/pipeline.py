"""The pipeline: all stages in a row."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prefect import flow, tags
from prefect.runtime import flow_run
from prefect.states import Cancelled

from config.settings import Settings
from db import read
from db.engine import Lock, try_lock
from flows.extract.flow import Extracted, extract
from flows.home.environment import open_database
from flows.ingest.flow import Ingested, ingest
from flows.predict.flow import Predicted, predict
from flows.prefect_tools.run_names import dated
from flows.training.flow import Retrained, retrain


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of each stage of one run."""

    ingested: Ingested
    extracted: Extracted
    retrained: Retrained
    predicted: Predicted
    began: datetime  # by the database's clock: tracks first seen from then on are new


def _run_name() -> str:
    return dated("pipeline", flow_run.parameters.get("crate"))


@flow(name="pipeline", flow_run_name=_run_name)
def pipeline(crate: Path | None = None, synthetic: bool = False) -> Outcome:
    """Ingest, extract new clips, retrain if that is due, and predict tracks without scores.

    It ingests the playlists of labels.toml, or a crate instead: a folder with one sub-folder for each label, given here
    or by LABELSCOPE_CRATE.

    One pipeline runs at a time; a second one is cancelled at once.

    If the training fails, the former champion still scores the tracks, and the run ends as failed.
    """
    settings = Settings()
    with (
        open_database(settings) as engine,
        try_lock(engine, Lock.PIPELINE) as locked,
        # Stages do not inherit the tags of this run.
        tags(*flow_run.tags),
    ):
        if not locked:
            # Prefect takes it for the state of the run; a caller gets CancelledRun.
            return Cancelled(
                message="Another pipeline is running, so this one did nothing: run it again later."
            )  # type: ignore[return-value]
        with engine.connect() as connection:
            began = read.tracks.predictions.now(connection)
        ingested = ingest(crate, synthetic)
        extracted = extract()
        retraining = retrain(return_state=True)
        predicted = predict()
    return Outcome(ingested, extracted, retraining.result(), predicted, began)
