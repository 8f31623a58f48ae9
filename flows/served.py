"""What a run that was started by a schedule, an event or a person in the browser imports: the flows."""

import os
from typing import Final

from flows.evaluate import evaluate
from flows.extract import extract
from flows.ingest import ingest
from flows.maintain import maintain
from flows.mix import mix
from flows.pipeline import pipeline
from flows.predict import predict
from flows.report import report
from flows.retrain import retrain
from services.lifetime import end_with

__all__ = ["evaluate", "extract", "ingest", "maintain", "mix", "pipeline", "predict", "report", "retrain"]

SERVER: Final = "LABELSCOPE_SERVED_BY"
"""Names the process that starts such runs: they end when it does, so that no orphan works beside its successor."""

if (server := os.environ.get(SERVER)) and int(server) != os.getpid():
    end_with(int(server))
