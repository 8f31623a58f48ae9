"""The flow that analyses a long recording, such as a DJ set: labels over time, metrics and a verdict."""

import time
from dataclasses import dataclass

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Failed
from sqlalchemy import Connection, Engine

from common.errors import LabelscopeError
from config.labels import Taste
from config.settings import Settings
from db import read
from db.read.learning import Champion
from db.write.mixes import (
    AnalysedMixRow,
    RejectedMixRow,
    forget_rejection,
    judge_mix,
    reject_mix,
    save_mix,
)
from flows.checks.requests import require_champion, require_taste
from flows.home.environment import open_database
from flows.mix.analysis import analyse_file
from flows.mix.artifacts import leave_mix
from flows.mix.recording_file import (
    Recording,
    RecordingFile,
    as_text,
    name_in,
    path_from,
    read_recording_file,
    rejection,
)
from flows.mix.rows import segment_rows, summary_row, verdict_columns, window_rows
from flows.mix.verdict import Verdict, judged
from flows.prefect_tools.progress import audio_progress_bar
from flows.prefect_tools.run_names import of_recording
from ml.mixes.summary import MixSummary
from sound.errors import AudioError
from sources.metadata.tags import clean_text


@dataclass(frozen=True, slots=True)
class Mixed:
    """The result of a run: the row in mixes, and whether the model in use had analysed this file before."""

    mix_id: int
    recognised: bool


class MixRejected(LabelscopeError):  # noqa: N818  (the outcome of a run, rather than a bug)
    """A recording could not be used. `mix_id` is the row with the reason."""

    def __init__(self, sentence: str, mix_id: int) -> None:
        super().__init__(sentence)
        self.mix_id = mix_id


class ModelRemoved(LabelscopeError):  # noqa: N818
    """The model was removed from the database during an analysis, whose result is lost."""


def _run_name() -> str:
    return of_recording("mix", name_in(flow_run.parameters["recording"]))


@flow(name="mix", flow_run_name=_run_name)
def mix(recording: Recording) -> Mixed:
    """Find the labels that a recording sounds like over its time, how varied it is, and whether it suits your taste.

    - **reads** the recording, which is not copied, and the model in use. A file that this model has analysed before is
      recognised by its sha256 and not analysed again.
    - **writes** the recording with its metrics, segments and windows in one transaction, and a verdict where
      labels.toml has a taste. A recognised file gets a new verdict. A file that cannot be used leaves a
      row with the reason, and the run fails.
    - **leaves** what the recording is made of, the timeline plot, the segments and the verdict as artifacts.

    Args:
        recording: Its absolute path on the machine where this runs: /music/Live at Berghain.mp3
    """
    settings = Settings()
    with open_database(settings) as engine:
        path = path_from(recording)
        with engine.connect() as connection:
            champion = require_champion(connection)
            taste = require_taste(connection, settings)
        file = None
        try:
            file = read_recording_file(path)
            mixed = _recognise(engine, champion, file, taste) or _analyse(
                engine, settings, champion, file, taste
            )
        except AudioError as problem:
            mix_id = _reject(engine, rejection(path, file, problem, flow_run.get_id()))
            # Prefect makes it the state of the run; a caller gets MixRejected.
            return Failed(message=str(problem), data=MixRejected(str(problem), mix_id))  # type: ignore[return-value]
        with engine.connect() as connection:
            leave_mix(connection, mixed.mix_id)
    return mixed


def _reject(engine: Engine, row: RejectedMixRow) -> int:
    """Write the row and the artifact of a recording that cannot be used; returns the row's id."""
    with engine.begin() as connection:
        mix_id = reject_mix(connection, row)
    with engine.connect() as connection:
        leave_mix(connection, mix_id)
    return mix_id


def _recognise(engine: Engine, champion: Champion, file: RecordingFile, taste: Taste | None) -> Mixed | None:
    """Judge a file that this model has analysed before by the current taste; None where it has not."""
    with engine.begin() as connection:
        mix_id = read.mixes.known_mix(connection, file.sha256, champion.model_id)
        if mix_id is None:
            return None
        judgement = _judge_again(connection, mix_id, taste)
        judge_mix(connection, mix_id, verdict_columns(judgement, taste))
        forget_rejection(connection, as_text(file.path))
    return Mixed(mix_id, recognised=True)


def _judge_again(connection: Connection, mix_id: int, taste: Taste | None) -> Verdict | None:
    row, shares = read.mixes.analysed_mix(connection, mix_id), read.mixes.shares(connection, mix_id)
    stored = MixSummary(
        shares={label.slug: label.share for label in shares},
        unknown_share=row.unknown_share,
        entropy=row.entropy,
        concentration=row.concentration,
        changes_per_hour=row.changes_per_hour,
        tempo_bpm=row.tempo_bpm,
    )
    return judged(stored, taste, {label.slug: label.name for label in shares})


def _analyse(
    engine: Engine, settings: Settings, champion: Champion, file: RecordingFile, taste: Taste | None
) -> Mixed:
    """Analyse the whole recording and write the result.

    Raises AudioError, and ModelRemoved where the model was removed meanwhile.
    """
    started = time.perf_counter()
    with audio_progress_bar(clean_text(file.path.name)) as show_progress:
        analysis = analyse_file(settings, champion, file, show_progress)
    scores, summary = analysis.scores, analysis.summary
    label_ids = [label["id"] for label in champion.labels]
    segments = segment_rows(analysis.timeline, scores, label_ids)
    windows = window_rows(analysis.timeline, scores, label_ids)
    with engine.begin() as connection:
        names = {label.slug: label.name for label in read.learning.labels(connection)}
        judgement = judged(summary, taste, names)
        row: AnalysedMixRow = {
            "sha256": file.sha256,
            "path": as_text(file.path),
            "title": file.title,
            "bytes": file.bytes,
            "model_id": champion.model_id,
            **summary_row(summary, scores),
            **verdict_columns(judgement, taste),
            "analysis_s": time.perf_counter() - started,
            "flow_run_id": flow_run.get_id(),
        }
        mix_id = save_mix(connection, row, segments, windows)
    if mix_id is not None:
        return Mixed(mix_id, recognised=False)
    # Another run was faster, or the model is gone.
    recognised = _recognise(engine, champion, file, taste)
    if recognised is None:
        raise ModelRemoved(
            f"Model {champion.model_id} was removed while {str(file.path)!r} was analysed; run `labelscope mix` again"
            " to use the current model."
        )
    return recognised
