"""What runs leave on Prefect's pages, beside the rows that they write."""

import base64
import html
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact
from sqlalchemy import Connection, Engine

from db import queries, report_queries
from flows.neighbours_map import map_of, picture_of
from ml.members import MEMBERS
from ml.pictures import confusion_picture, learning_picture

if TYPE_CHECKING:
    from flows.report_page import Written

MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|~])")
TRACKS_ON_A_MAP = 1_000  # some seconds


def leave_ingest(connection: Connection, sentences: Sequence[str]) -> None:
    """What came in and what went wrong, in sentences; what could not be used, and why; coverage of the playlists."""
    create_markdown_artifact("\n".join(f"- {sentence}" for sentence in sentences), key="came-in")
    _table("not-used", "Records and clips that could not be used, and why.", queries.problems(connection))
    _table(
        "coverage",
        "Tracks of each playlist, and how many have usable audio.",
        queries.view(connection, "playlist_coverage"),
    )


def leave_model(connection: Connection) -> None:
    """All models; how well the one in use recognises each label, and what it takes for what."""
    _table(
        "models",
        "The newest models, and why each is in use or not.",
        queries.view(connection, "model_list")[:20],
    )
    _table(
        "label-accuracy",
        "The model in use, on held-out tracks of each label.",
        queries.view(connection, "label_accuracy"),
    )
    cells = queries.view(connection, "confusion_matrix")
    if cells:
        names = [*(cell.true_label for cell in cells), *(cell.predicted_label for cell in cells)]
        labels = list(dict.fromkeys(names))
        counts = np.zeros((len(labels), len(labels)), dtype=int)
        for cell in cells:  # none where nothing was counted
            counts[labels.index(cell.true_label), labels.index(cell.predicted_label)] = cell.count
        _picture(
            "confusion-matrix",
            "Held-out tracks of each label, and what the model in use takes them for.",
            confusion_picture(counts, labels),
        )


def leave_training(connection: Connection, training_run_id: int) -> None:
    """How the networks of a training learnt, whether or not they are in use; and the trainings before it."""
    training = report_queries.training(connection, training_run_id)
    if training is not None and training.history:
        _picture(
            "learning-curves",
            f"Training {training.id}: loss and accuracy of each network, on training and on validation crops.",
            learning_picture(training.history, MEMBERS.get(training.architecture, ())),
        )
    _table(
        "trainings",
        "The newest trainings, and how good their models are on held-out tracks.",
        queries.view(connection, "training_history")[:20],
    )


def leave_sound(connection: Connection) -> None:
    """What makes each label, in numbers."""
    _table(
        "sound",
        "Clips of each label, and means of what was measured: beats a minute, loudness in LUFS, onsets a second.",
        report_queries.mean_sound(connection),
    )


def leave_mistakes(connection: Connection) -> None:
    """What the champion gets wrong, now that it has scored all tracks."""
    _table(
        "mistakes",
        "What the model in use gets wrong most, on held-out tracks, and how much of that it calls unknown.",
        queries.view(connection, "mistakes")[:50],
    )


def leave_evaluation(connection: Connection) -> None:
    """What cross-validation has found."""
    _table(
        "evaluation",
        "The last complete evaluation: each way of learning on tracks of groups that it has not heard.",
        queries.view(connection, "evaluation_table"),
    )


def leave_faults(files: int, faults: Sequence[tuple[str, str, str]], outcomes: Sequence[str]) -> None:
    """How files and rows agree, and what was done where they do not."""
    sentences = (f"{files} files were compared with their rows; {len(faults)} do not agree.", *outcomes)
    create_markdown_artifact("\n".join(f"- {_plain_text(sentence)}" for sentence in sentences), key="files")
    if faults:
        table = [{"path": path, "kind": kind, "fault": fault} for path, kind, fault in faults[:200]]
        create_table_artifact(
            table, key="file-faults", description="Files that do not agree with their rows."
        )


def leave_report(written: "Written") -> None:
    """Where the report lies, and what it says in short."""
    sentences = "\n".join(f"- {_plain_text(sentence)}" for sentence in written.sentences)
    create_markdown_artifact(
        f"{_plain_text(written.lead)}\n\n{sentences}\n\nThe page: {_plain_text(str(written.path))}"
        f" ({written.bytes / 1e6:.1f} MB)",
        key="report",
        description="The report of this night; the page itself lies in the home.",
    )


def _plain_text(text: str) -> str:
    """Text in Markdown that stays text, whoever wrote the names in it."""
    return MARKUP.sub(r"\\\1", html.escape(text, quote=False))


def leave_map(engine: Engine) -> None:
    """Where tracks lie, by what the model in use hears in them; nothing where none has an embedding."""
    tracks = map_of(engine, TRACKS_ON_A_MAP)
    if tracks:
        _picture(
            "crate-map",
            "Tracks that sound alike to the model in use lie together. Nothing but nearness means anything.",
            picture_of(engine, tracks),
        )


def _picture(key: str, description: str, png: bytes) -> None:
    picture = base64.b64encode(png).decode()
    create_image_artifact(f"data:image/png;base64,{picture}", key=key, description=description)


def _table(key: str, description: str, rows: Sequence[Any]) -> None:
    table = [{name: _plain(value) for name, value in row._asdict().items()} for row in rows]
    create_table_artifact(table or [{"": "nothing"}], key=key, description=description)


def _plain(value: Any) -> str | int:
    """A value as a cell shows it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    return value if isinstance(value, int) else str(value)
