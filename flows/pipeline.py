"""The main job: all stages in a row."""

from dataclasses import dataclass
from pathlib import Path

from prefect import flow
from prefect.runtime import flow_run

from flows.extract import Extracted, extract
from flows.ingest import LISTED_BY, Ingested, ingest
from flows.predict import Predicted, predict
from flows.retrain import Retrained, retrain


@dataclass(frozen=True, slots=True)
class Outcome:
    """What each stage of one run did."""

    ingested: Ingested
    extracted: Extracted
    retrained: Retrained
    predicted: Predicted


def _run_name() -> str:
    crate: Path | None = flow_run.parameters.get("crate")
    return f"pipeline {crate.name if crate else LISTED_BY}"


@flow(name="pipeline", flow_run_name=_run_name)
def pipeline(crate: Path | None = None, synthetic: bool = False) -> Outcome:
    """Ingest, extract what is new, retrain if that is due, predict what is not scored yet.

    It ingests the playlists of labels.toml, or in their place a crate: a folder with one sub-folder for each label.

    Where a training fails, the tracks are still scored by the champion before it; the run then ends as failed.
    """
    ingested = ingest(crate, synthetic)
    extracted = extract()
    retraining = retrain(return_state=True)
    predicted = predict()
    return Outcome(ingested, extracted, retraining.result(), predicted)
