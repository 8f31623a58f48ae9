"""The main job: all stages in a row."""

from dataclasses import dataclass
from pathlib import Path

from prefect import flow

from flows.extract import Extracted, extract
from flows.ingest import Ingested, ingest
from flows.predict import Predicted, predict
from flows.retrain import Retrained, retrain


@dataclass(frozen=True, slots=True)
class Outcome:
    """What each stage of one run did."""

    ingested: Ingested
    extracted: Extracted
    retrained: Retrained
    predicted: Predicted


@flow(name="pipeline", flow_run_name="pipeline {crate.name}")
def pipeline(crate: Path, synthetic: bool = False) -> Outcome:
    """Ingest a crate, extract what is new, retrain if that is due, predict what is not scored yet.

    Where a training fails, the tracks are still scored by the champion before it; the run then ends as failed.
    """
    ingested = ingest(crate, synthetic)
    extracted = extract()
    retraining = retrain(return_state=True)
    predicted = predict()
    return Outcome(ingested, extracted, retraining.result(), predicted)
