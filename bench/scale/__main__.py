"""Milliseconds of every query of people and of the pipeline, at a number of tracks and at a tenth of it.

Run as `python -m bench.scale --tracks 1000000`; that takes about ten minutes and 6 GB. It fills a database of made-up
tracks for each size (bench/scale/rows.py), and asks each question several times: of the docs, of `labelscope status`,
of a run that finds nothing new, and of one with 20 new tracks. For each it shows the median and the slowest, and
what PostgreSQL reads from end to end for it, if that is a table that grows with the tracks. Then the pipeline itself
runs on a crate of 20 files: once to take them in, and once more to find nothing to do.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from bench.scale.rows import TABLES, add_newcomers, fill, vacuum
from bench.scale.timing import Answer, Ask, Question, measure_question
from db import migrate, read, write
from db.engine import open_engine
from db.write import track_state
from flows.batch.refresh_track_states import refresh_track_states
from ml.features.fingerprint import FINGERPRINT_VERSION
from services.postgres.server import embedded_postgres, ensure_database
from sources.synth.crate import LABELS, render_crate

QUERIES = Path(__file__).parents[2] / "docs" / "how-to" / "ask-the-database.md"
TURNS = 7
NEW = 20
TARGET_MS = 50
ALLOWED = ["folder", "library", "synth", "deezer"]
SOURCES = ["own", "deezer"]
DAYS = 30


def statement(query: str) -> Ask:
    return lambda connection: connection.execute(text(query)).all()


def of_docs() -> list[Question]:
    """The queries of docs/how-to/ask-the-database.md, to the letter."""
    queries = [
        " ".join(query.split())
        for query in re.findall(r'labelscope sql "(SELECT .*?)"', QUERIES.read_text(), re.DOTALL)
    ]
    return [Question("docs", re.findall(r"FROM (\w+)", query)[0], statement(query)) for query in queries]


def of_status() -> list[Question]:
    return [
        Question("status", "counts", read.problems.counts),
        Question("status", "champion", read.learning.champion),
        Question("status", "playlist_coverage", read.views.playlist_coverage),
        Question("status", "training_history", read.views.training_history),
        Question("status", "problems", read.problems.problems),
        Question("status", "latest mixes", lambda c: read.mixes.latest(c, 3)),
        Question("status", "count_new_tracks", lambda c: read.learning.count_new_tracks(c, 1, 1, ALLOWED)),
        Question("status", "troubles", read.providers.troubles),
        Question("after a run", "label_accuracy", read.views.label_accuracy),
    ]


def of_the_pipeline(asker: str) -> list[Question]:
    """The queries with which every run finds its work, in their order."""
    ask: dict[str, Ask] = {
        "refresh_track_states": lambda c: track_state.refresh_track_states(c, 2_000),
        "crates_beside": lambda c: read.clips.crates_beside(c, "labels.toml"),
        "blocked": lambda c: read.providers.blocked(c, "deezer"),
        "forget_lost_audio": write.providers.forget_lost_audio,
        "tracks_without_audio": lambda c: read.providers.tracks_without_audio(c, SOURCES, DAYS, None),
        "tracks_without_features": lambda c: read.providers.tracks_without_features(
            c, "spotify", ["spotify"], DAYS
        ),
        "remove_unconfirmed_tracks": lambda c: write.removal.remove_unconfirmed_tracks(c, "deezer", DAYS),
        "clips_to_fingerprint": lambda c: read.clips.clips_to_fingerprint(c, 1, FINGERPRINT_VERSION),
        "clips_to_extract": lambda c: read.clips.clips_to_extract(c, 1, FINGERPRINT_VERSION),
        "tracks_without_split": lambda c: read.splits.tracks_without_split(c, 1, ALLOWED),
        "held_back": lambda c: read.clips.held_back(c, 1, ALLOWED),
        "last_training": read.learning.last_training,
        "trainable_labels": lambda c: read.splits.trainable_labels(c, 1, ALLOWED),
        "count_new_tracks": lambda c: read.learning.count_new_tracks(c, 1, 1, ALLOWED),
        "tracks_to_predict": lambda c: read.learning.tracks_to_predict(c, 1, 1, ALLOWED),
        "is_complete": lambda c: read.embeddings.is_complete(c, 1),
    }
    return [Question(asker, name, question) for name, question in ask.items()]


def of_new_tracks(track_ids: Sequence[int], clip_ids: Sequence[int]) -> list[Question]:
    """The additional queries of a run with new tracks, by their ids."""
    asker = f"{NEW} new tracks"
    return [
        Question(asker, "claim_tracks", lambda c: write.providers.claim_tracks(c, track_ids)),
        Question(asker, "wanted_audio", lambda c: read.providers.wanted_audio(c, track_ids, DAYS, None)),
        Question(asker, "stored_clips", lambda c: read.providers.stored_clips(c, ["0" * 64])),
        Question(
            asker, "claim_clips", lambda c: write.clips.claim_clips(c, clip_ids, 1, FINGERPRINT_VERSION)
        ),
        Question(asker, "spectrograms_of", lambda c: read.clips.spectrograms_of(c, track_ids, 1, ALLOWED)),
        Question(
            asker,
            "fingerprint_candidates",
            lambda c: read.splits.fingerprint_candidates(c, track_ids),
            "a row for 1.3 % of the clips, for each new track",
        ),
        Question(asker, "tracks_with_split", read.splits.tracks_with_split, "a row for each placed track"),
    ]


def by_nature() -> list[Question]:
    """Queries that read every track by their nature."""
    return [
        Question(
            "training",
            "usable_clips",
            lambda c: read.clips.usable_clips(c, 1, ALLOWED),
            "a row for each clip",
        ),
        Question(
            "changed crate",
            "known_files",
            lambda c: read.clips.known_files(c, "deezer"),
            "a row for each file",
        ),
        Question(
            "people",
            "means of all features",
            statement("""
                SELECT label, count(*) AS clips, avg(tempo_bpm), avg(loudness_lufs), avg(onset_rate)
                  FROM track_predictions JOIN audio_features USING (track_id) GROUP BY label
            """),
            "a mean over all features",
        ),
    ]


def ask_everything(engine: Engine) -> dict[tuple[str, str], Answer]:
    """The cost of all queries, with all track states refreshed; then again with new tracks, which are rolled back."""
    answers = {}

    def ask_all(connection: Connection, questions: Sequence[Question]) -> None:
        for question in questions:
            answers[question.asker, question.name] = measure_question(connection, question)

    with engine.connect() as connection:
        ask_all(connection, [*of_docs(), *of_status(), *of_the_pipeline("no change")])
        connection.rollback()
        track_ids = add_newcomers(connection, NEW)
        ask_all(connection, of_the_pipeline(f"{NEW} new tracks"))
        clips = text("SELECT id FROM clips WHERE track_id = ANY(:tracks)")
        clip_ids = list(connection.scalars(clips, {"tracks": track_ids}))
        ask_all(connection, of_new_tracks(track_ids, clip_ids))
        connection.rollback()
        ask_all(connection, by_nature())
    return answers


def print_answers(sizes: Sequence[int], of_sizes: Sequence[dict[tuple[str, str], Answer]]) -> None:
    head = "".join(f" | {f'{size} tracks':>26}" for size in sizes)
    print(f"\n{'milliseconds':<42}{head} | scans in full")
    print(f"{'':<42}" + " |    median    worst  buffers" * len(sizes) + " |")
    for key in of_sizes[0]:
        cells = "".join(
            f" | {cost.median_ms:9.1f}{cost.worst_ms:9.1f}{cost.buffers:9}"
            for cost in (answers[key] for answers in of_sizes)
        )
        largest = of_sizes[-1][key]
        scanned = largest.grows or ", ".join(largest.read_whole) or "nothing"
        slow = f"; over {TARGET_MS} ms" if largest.worst_ms >= TARGET_MS and not largest.grows else ""
        print(f"{key[0]:<15} {key[1]:<26}{cells} | {scanned}{slow}")


def print_tables(engine: Engine, tracks: int) -> None:
    """Print rows and sizes of the tables that grow with the tracks."""
    print(f"\n{'table':<22}{'rows':>12}{'MB':>9}{'bytes a row':>13}{'bytes a track':>15}")
    with engine.connect() as connection:
        for table in TABLES:
            rows, size = connection.execute(
                text(f"SELECT (SELECT count(*) FROM {table}), pg_total_relation_size('{table}')")
            ).one()
            print(f"{table:<22}{rows:12}{size / 1e6:9.0f}{size / max(rows, 1):13.0f}{size / tracks:15.0f}")


def measure(home: Path, tracks: int, labels: int) -> dict[tuple[str, str], Answer]:
    """Fill the home's database, if it is empty, and time all queries."""
    with embedded_postgres(home) as server:
        ensure_database(server, "labelscope")
        migrate.upgrade(server.url("labelscope"))
        engine = open_engine(server.url("labelscope"))
        with engine.connect() as connection:
            filled = connection.scalar(text("SELECT EXISTS (SELECT FROM tracks)"))
        if not filled:
            begin = time.perf_counter()
            fill(engine, tracks, labels)
            filled_at = time.perf_counter()
            # As the first run does after a migration, or after an ingest of all these tracks.
            refresh_track_states(engine)
            refresh_s = time.perf_counter() - filled_at
            vacuum(engine)
            print(
                f"{tracks} tracks: filled in {filled_at - begin:.0f} s, track states refreshed in {refresh_s:.0f} s",
                flush=True,
            )
        answers = ask_everything(engine)
        print_tables(engine, tracks)
        engine.dispose()
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tracks", type=int, default=1_000_000)
    parser.add_argument("--labels", type=int, default=300)
    parser.add_argument(
        "--home", type=Path, help="folder for the databases; without it they are deleted at the end"
    )
    arguments = parser.parse_args()
    sizes = (arguments.tracks // 10, arguments.tracks)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = arguments.home or Path(temporary)
        crate = folder / "crate"
        render_crate(
            crate, tracks_per_label=NEW // len(LABELS), artists_per_label=NEW // len(LABELS), duration_s=9.0
        )
        answers = []
        for size in sizes:
            home = folder / str(size)
            answers.append(measure(home, size, arguments.labels))
            subprocess.run([sys.executable, "-m", "bench.scale.run", home, crate], check=True)
        print_answers(sizes, answers)


if __name__ == "__main__":
    main()
