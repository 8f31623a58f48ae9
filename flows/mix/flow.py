"""Hear a recording that is longer than a track, such as a DJ set, from its first second to its last."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Failed
from sqlalchemy import Connection, Engine

from common.errors import LabelscopeError
from config.labels import Taste, read_labels
from config.settings import Settings
from config.taste import taste_of
from db import read
from db.write.mixes import forget_rejection, judge_mix, reject_mix, save_mix
from flows.checks.no_champion import NoModelError
from flows.home.environment import model_folder, open_database
from flows.mix.artifacts import leave_mix
from flows.mix.recording_file import Recording, RecordingFile, as_text, look_at, name_in, path_from, rejection
from flows.mix.rows import figure_row, segment_rows, window_rows
from flows.mix.verdict import Verdict, verdict
from flows.prefect_tools.progress import listening_bar
from flows.prefect_tools.run_names import of_recording
from flows.scoring.model_cache import scoring
from ml.audio.decode import AudioError
from ml.audio.file_state import expect_unchanged
from ml.mixes.analyse import hear
from ml.mixes.segmentation import timeline
from ml.mixes.summary import MixFigures, figures
from sources.metadata.tags import clean_text


@dataclass(frozen=True, slots=True)
class Mixed:
    """The row of a recording in mixes; `recognised`: this very file was heard before, by the model in use."""

    mix_id: int
    recognised: bool


class MixRejected(LabelscopeError):  # noqa: N818  (the outcome of a run, rather than a bug)
    """A recording could not be used; the message is one sentence with the cure. `mix_id`: of the row that says why."""

    def __init__(self, sentence: str, mix_id: int) -> None:
        super().__init__(sentence, mix_id)
        self.mix_id = mix_id

    def __str__(self) -> str:
        return str(self.args[0])


class MixLost(LabelscopeError):  # noqa: N818
    """A recording was heard for nothing; the message is one sentence with the cure."""


def _run_name() -> str:
    return of_recording("mix", name_in(flow_run.parameters["recording"]))


@flow(name="mix", flow_run_name=_run_name)
def mix(recording: Recording) -> Mixed:
    """Say which labels a recording sounds like from when to when, and whether it is worth listening to.

    - **reads** the recording, which stays where it is, and the model in use. The same file that this model has heard
      before is known by its checksum and not heard again.
    - **writes** the recording with its figures, its segments and its windows, in one transaction at the end; and the
      verdict of the taste in labels.toml, which a file that is known gets anew. A file that cannot be used
      leaves a row with the reason, and the run has failed.
    - **leaves** its timeline as a picture, its segments, and the verdict.

    Args:
        recording: Its path on the machine where this runs, from / on: /music/Live at Berghain.mp3
    """
    settings = Settings()
    with open_database(settings) as engine:
        path = path_from(recording)
        with engine.connect() as connection:
            champion = read.learning.champion(connection)
            labels = read.learning.labels(connection)
        if champion is None:
            raise NoModelError
        configuration = read_labels(settings.labels)
        taste = taste_of(configuration, settings.labels, [(label.slug, label.name) for label in labels])
        known = None
        try:
            known = look_at(path)
            mixed = _recognise(engine, champion, path, known, taste) or _analyse(
                engine, settings, champion, path, known, taste
            )
        except AudioError as problem:
            with engine.begin() as connection:
                mix_id = reject_mix(connection, rejection(path, known, problem, flow_run.get_id()))
            with engine.connect() as connection:
                leave_mix(connection, mix_id)
            # Prefect takes it for the state of the run; a caller gets MixRejected.
            return Failed(message=str(problem), data=MixRejected(str(problem), mix_id))  # type: ignore[return-value]
        with engine.connect() as connection:
            leave_mix(connection, mixed.mix_id)
    return mixed


def _recognise(engine: Engine, champion: Any, path: Path, known: RecordingFile, taste: Taste) -> Mixed | None:
    """The recording that was heard before, judged by the taste of today; None where it was not."""
    with engine.begin() as connection:
        mix_id = read.mixes.known_mix(connection, known.sha256, champion.model_id)
        if mix_id is None:
            return None
        said = _judge_again(connection, mix_id, taste)
        judge_mix(connection, mix_id, said.word, said.reason, taste.model_dump())
        forget_rejection(connection, as_text(path))
    return Mixed(mix_id, recognised=True)


def _judge_again(connection: Connection, mix_id: int, taste: Taste) -> Verdict:
    row, shares = read.mixes.analysed_mix(connection, mix_id), read.mixes.shares(connection, mix_id)
    stored = MixFigures(
        shares={label.slug: label.share for label in shares},
        unlike=row.unknown_share,
        entropy=row.entropy,
        uniformity=row.concentration,
        changes_per_hour=row.changes_per_hour,
        tempo_bpm=row.tempo_bpm,
    )
    return verdict(stored, taste, {label.slug: label.name for label in shares})


def _analyse(
    engine: Engine, settings: Settings, champion: Any, path: Path, known: RecordingFile, taste: Taste
) -> Mixed:
    """Hear all of it, and write that. Raises AudioError, and MixLost where the model was removed meanwhile."""
    began = time.perf_counter()
    with (
        scoring(model_folder(settings) / champion.path, champion.sha256) as scorer,
        listening_bar(clean_text(path.name)) as heard_so_far,
    ):
        heard = hear(path, scorer, heard_so_far)
    expect_unchanged(path, known.state)
    course = timeline(heard, scorer.card.calibration)
    found = figures(course, heard)
    label_ids = [label["id"] for label in champion.labels]
    with engine.begin() as connection:
        names = {label.slug: label.name for label in read.learning.labels(connection)}
        said = verdict(found, taste, names)
        row = {
            "sha256": known.sha256,
            "path": as_text(path),
            "title": known.title,
            "bytes": known.bytes,
            "model_id": champion.model_id,
            **figure_row(found, heard),
            "verdict": said.word,
            "verdict_reason": said.reason,
            "taste": taste.model_dump_json(),
            "analysis_s": time.perf_counter() - began,
            "flow_run_id": flow_run.get_id(),
        }
        mix_id = save_mix(
            connection, row, segment_rows(course, heard, label_ids), window_rows(course, heard, label_ids)
        )
    if mix_id is not None:
        return Mixed(mix_id, recognised=False)
    meanwhile = _recognise(engine, champion, path, known, taste)
    if meanwhile is None:
        raise MixLost(
            f"Model {champion.model_id} was removed while {str(path)!r} was heard; hear it again with the one in use."
        )
    return meanwhile
