"""The module from which runs import their flow when a schedule, an event or the browser starts them."""

import os
from typing import Final

from flows.evaluation.flow import evaluate
from flows.extract.flow import extract
from flows.ingest.flow import ingest
from flows.maintain.flow import maintain
from flows.mix.flow import mix
from flows.pipeline import pipeline
from flows.predict.flow import predict
from flows.report.flow import report
from flows.training.flow import retrain
from services.parent_death import end_with

__all__ = ["evaluate", "extract", "ingest", "maintain", "mix", "pipeline", "predict", "report", "retrain"]

SERVED_BY: Final = "LABELSCOPE_SERVED_BY"
"""The environment variable with the process that starts such runs. When it ends, they end, too."""

if (server := os.environ.get(SERVED_BY)) and int(server) != os.getpid():
    end_with(int(server))
