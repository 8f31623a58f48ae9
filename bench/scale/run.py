"""Seconds of each stage of the pipeline, on a database that `bench.scale` has filled.

Run as `python -m bench.scale.run HOME CRATE`; the crate has 20 files, of labels in the database. The first run ingests
them, the second has nothing new. It is a separate process, since Prefect reads its settings once.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from config.settings import Settings

# retrain assigns the new tracks to splits; they are too few for a training.
FIRST = ("ingest", "extract", "retrain")
ALL = (*FIRST, "predict")
Stages = dict[str, Callable[[], Any]]


def main() -> None:
    home, crate = map(Path, sys.argv[1:])
    os.environ["LABELSCOPE_HOME"] = str(home)
    from flows.home.environment import runtime

    with runtime(Settings()):
        from flows.extract.flow import extract
        from flows.ingest.flow import ingest
        from flows.predict.flow import predict
        from flows.training.flow import retrain

        stages: Stages = {
            "ingest": lambda: ingest(crate),
            "extract": extract,
            "retrain": retrain,
            "predict": predict,
        }
        print(f"\nseconds of a run with new files: {timed(stages, FIRST)}", flush=True)
        make_up_predictions(Settings())
        # Refreshes the states of these tracks.
        timed(stages, ALL)
        print(f"seconds of a run with nothing new: {timed(stages, ALL)}", flush=True)


def timed(stages: Stages, names: Sequence[str]) -> str:
    """Run these stages; their names and seconds, such as `ingest 0.8, extract 2.1`."""
    parts = []
    for name in names:
        begin = time.perf_counter()
        stages[name]()
        parts.append(f"{name} {time.perf_counter() - begin:.1f}")
    return ", ".join(parts)


def make_up_predictions(settings: Settings) -> None:
    """Save made-up predictions of the champion, which has no model file here, for the new tracks."""
    from config.labels import read_labels
    from db import read
    from db.write.learning import save_predictions
    from flows.home.environment import open_database

    with open_database(settings) as engine, engine.begin() as connection:
        champion = read.learning.champion(connection)
        assert champion is not None
        allowed = read_labels(settings.labels).training.allow
        waiting = read.learning.tracks_to_predict(connection, champion.model_id, champion.config_id, allowed)
        prediction = {"clips": 1, "known": True, "scores": {1: 0.6, 2: 0.4}}
        save_predictions(
            connection, champion.model_id, [{"track_id": track, **prediction} for track in waiting]
        )


if __name__ == "__main__":
    main()
