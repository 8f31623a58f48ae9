"""What a run that was started by a schedule, an event or a person in the browser imports: the flows."""

import os
from typing import Final

from flows.extract.flow import extract
from flows.ingest.flow import ingest
from flows.maintain.flow import maintain
from flows.mix.flow import mix
from flows.pipeline import pipeline
from flows.predict.flow import predict
from flows.report.flow import report
from flows.training.evaluate_flow import evaluate
from flows.training.flow import retrain
from services.parent_death import end_with

__all__ = ["evaluate", "extract", "ingest", "maintain", "mix", "pipeline", "predict", "report", "retrain"]

SERVER: Final = "LABELSCOPE_SERVED_BY"
"""Names the process that starts such runs: they end when it does, so that no orphan works beside its successor."""

if (server := os.environ.get(SERVER)) and int(server) != os.getpid():
    end_with(int(server))
