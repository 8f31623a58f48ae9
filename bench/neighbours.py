"""Milliseconds of finding neighbours by the index, beside exact search, and what the index misses.

Run as `python -m bench.neighbours --tracks 100000`, which takes some minutes and 1 GB. It makes up tracks
(bench/scale/rows.py) and embeddings for a tenth of the number, and for all of it: each label, artist and track is a
step from the one before in 24 dimensions, spread over 256. They are written as `predict` writes them. Then
`similar_tracks` is asked about tracks at random, by the index and with the index out of use, in the same session.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, text

from bench.scale.rows import fill, vacuum
from db import migrate
from db.engine import open_engine
from db.read.embeddings import similar_tracks
from db.read.tracks.names import tracks_called
from db.write.embeddings import save_embeddings
from flows.batch.batches import batches
from flows.batch.refresh_track_states import refresh_track_states
from services.postgres.server import embedded_postgres, ensure_database

DIMENSIONS = 256
INTRINSIC = 24  # so many directions in which tracks differ
LABELS = 100
BATCH = 256  # tracks in a transaction, as in predict
NUMBER = 10  # neighbours
QUESTIONS = 200
EXACT = 30  # of them are asked without the index, too
INDEX = "ix_embeddings_embedding"


@dataclass(frozen=True, slots=True)
class Measured:
    """All times in milliseconds."""

    tracks: int
    written: float  # a track
    written_first: float  # a track, of the first tenth
    built: float  # a track, the index at once over what is there
    table_mb: float
    index_mb: float
    by_index: tuple[float, float]  # a question: median, worst
    exact: tuple[float, float]
    missed: float  # share of the ten nearest that the index does not find
    by_name: float
    plans: tuple[str, str]


def made_up(track_ids: Sequence[int]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Embeddings of length 1, the same for the same tracks."""
    random = np.random.default_rng(1)
    labels = random.normal(0, 1, (LABELS, INTRINSIC))
    artists = labels[random.integers(LABELS, size=max(track_ids) // 3 + 1)]
    artists = artists + random.normal(0, 0.6, artists.shape)
    spread = random.normal(0, 1, (INTRINSIC, DIMENSIONS))
    for track_id in track_ids:
        own = (artists[track_id // 3] + random.normal(0, 0.4, INTRINSIC)) @ spread
        own += random.normal(0, 0.2, DIMENSIONS)
        yield track_id, own / np.linalg.norm(own)


def write(engine: Engine, track_ids: Sequence[int]) -> list[float]:
    """Seconds of each batch."""
    taken = []
    for batch in batches(made_up(track_ids), BATCH):
        rows = {track_id: embedding.tolist() for track_id, embedding in batch}
        begin = time.perf_counter()
        with engine.begin() as connection:
            save_embeddings(connection, 1, rows)
        taken.append(time.perf_counter() - begin)
    return taken


def ask(connection: Connection, track_ids: Sequence[int]) -> tuple[tuple[float, float], list[set[int]]]:
    """Median and worst of the questions, and what each found."""
    taken, found = [], []
    similar_tracks(connection, track_ids[0], NUMBER)
    for track_id in track_ids:
        begin = time.perf_counter()
        rows = similar_tracks(connection, track_id, NUMBER)
        taken.append(1000 * (time.perf_counter() - begin))
        found.append({row.track_id for row in rows})
    return (median(taken), max(taken)), found


def plan(connection: Connection, track_id: int) -> str:
    """How PostgreSQL finds the nearest: the node of the plan that reads the embeddings."""
    like = "(SELECT embedding FROM embeddings WHERE track_id = :track AND model_id = 1)"
    said = connection.execute(
        text(
            f"EXPLAIN (FORMAT JSON) SELECT track_id FROM embeddings WHERE model_id = 1 "
            f"ORDER BY embedding <=> {like} LIMIT {NUMBER}"
        ),
        {"track": track_id},
    ).scalar_one()
    node = (json.loads(said) if isinstance(said, str) else said)[0]["Plan"]
    while True:
        below = [child for child in node.get("Plans", ()) if child.get("Parent Relationship") != "InitPlan"]
        if not below:
            return f"{node['Node Type']} {node.get('Index Name', node.get('Relation Name', ''))}"
        node = below[0]


def measure(folder: Path, tracks: int) -> Measured:
    with embedded_postgres(folder) as server:
        ensure_database(server, "labelscope")
        migrate.upgrade(server.url("labelscope"))
        engine = open_engine(server.url("labelscope"))
        fill(engine, tracks, LABELS)
        refresh_track_states(engine)
        vacuum(engine)
        with engine.connect() as connection:
            track_ids = list(connection.scalars(text("SELECT track_id FROM predictions ORDER BY track_id")))
        taken = write(engine, track_ids)
        print(f"{len(track_ids)} embeddings written in {sum(taken):.0f} s", flush=True)
        vacuum(engine)
        asked = np.random.default_rng(2).choice(track_ids, QUESTIONS, replace=False).tolist()
        with engine.connect() as connection:
            plan_by_index = plan(connection, asked[0])
            by_index, found = ask(connection, asked)
            begin = time.perf_counter()
            tracks_called(connection, f"Artist 77 - Track {asked[0]}", 10)
            by_name = 1000 * (time.perf_counter() - begin)
            connection.execute(text("SET LOCAL enable_indexscan = off"))
            plan_exact = plan(connection, asked[0])
            exact, truth = ask(connection, asked[:EXACT])
            connection.rollback()
            sizes = [
                int(connection.scalar(text(f"SELECT pg_relation_size('{name}')")) or 0) / 1e6
                for name in ("embeddings", INDEX)
            ]
        missed = [len(right - by) for right, by in zip(truth, found, strict=False)]
        begin = time.perf_counter()
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET maintenance_work_mem = '1GB'"))
            connection.execute(text(f"REINDEX INDEX {INDEX}"))
        built = time.perf_counter() - begin
        engine.dispose()
    first = max(1, len(taken) // 10)
    return Measured(
        len(track_ids),
        1000 * sum(taken) / len(track_ids),
        1000 * sum(taken[:first]) / (first * BATCH),
        1000 * built / len(track_ids),
        sizes[0],
        sizes[1],
        by_index,
        exact,
        sum(missed) / (NUMBER * EXACT),
        by_name,
        (plan_by_index, plan_exact),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tracks", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        found = [
            measure(Path(temporary, str(tracks)), tracks)
            for tracks in (arguments.tracks // 10, arguments.tracks)
        ]
    print(f"{'embeddings':<48}" + "".join(f"{one.tracks:>14}" for one in found))
    lines = {
        "written, ms a track": lambda one: f"{one.written:.2f}",
        "the same, the first tenth": lambda one: f"{one.written_first:.2f}",
        "index built at once, ms a track": lambda one: f"{one.built:.2f}",
        "table, MB": lambda one: f"{one.table_mb:.0f}",
        "index, MB": lambda one: f"{one.index_mb:.0f}",
        "ten nearest by the index, ms (worst)": lambda one: f"{one.by_index[0]:.1f} ({one.by_index[1]:.1f})",
        "ten nearest exactly, ms (worst)": lambda one: f"{one.exact[0]:.1f} ({one.exact[1]:.1f})",
        "of the ten nearest the index misses, %": lambda one: f"{100 * one.missed:.1f}",
        "a track by its name, ms": lambda one: f"{one.by_name:.1f}",
    }
    for name, value in lines.items():
        print(f"{name:<48}" + "".join(f"{value(one):>14}" for one in found))
    for one in found:
        print(f"{one.tracks}: {one.plans[0]}; exactly: {one.plans[1]}")


if __name__ == "__main__":
    main()
