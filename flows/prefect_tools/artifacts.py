"""What runs leave on Prefect's pages, beside the rows that they write."""

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact
from sqlalchemy import Connection, Engine

from db import read
from flows.mix.plot import picture_of
from flows.mix.summary import figures_of
from flows.prefect_tools.markdown import as_it_is
from flows.similar import map as neighbours_map
from ml.models.architectures import MEMBERS
from ml.plots.plots import confusion_picture, learning_picture
from report.characters import spaced

if TYPE_CHECKING:
    from flows.report.page import Written

TRACKS_ON_A_MAP: Final = 1_000  # some seconds
NOTHING: Final = [{"": "nothing"}]


def leave_ingest(connection: Connection, sentences: Sequence[str]) -> None:
    """What came in and what went wrong, in sentences; what could not be used, and why; coverage of the playlists."""
    _sentences("came-in", sentences)
    _not_used(connection)
    _table(
        "coverage",
        "Tracks of each playlist, and how many have usable audio.",
        read.problems.view(connection, "playlist_coverage"),
    )


def leave_extraction(connection: Connection, sentences: Sequence[str]) -> None:
    """What became of clips, in sentences; what could not be used, and why; what makes each label, in numbers."""
    _sentences("extracted", sentences)
    _not_used(connection)
    _table(
        "sound",
        "Clips of each label, and means of what was measured: beats a minute, loudness in LUFS, onsets a second.",
        read.report.mean_sound(connection),
    )


def leave_model(connection: Connection) -> None:
    """All models; how well the one in use recognises each label, and what it takes for what."""
    _table(
        "models",
        "The newest models, and why each is in use or not.",
        read.problems.view(connection, "model_list")[:20],
    )
    _table(
        "label-accuracy",
        "The model in use, on held-out tracks of each label.",
        read.problems.view(connection, "label_accuracy"),
    )
    cells = read.problems.view(connection, "confusion_matrix")
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
    training = read.report.training(connection, training_run_id)
    if training is not None and training.history:
        _picture(
            "learning-curves",
            f"Training {training.id}: loss and accuracy of each network, on training and on validation crops.",
            learning_picture(training.history, MEMBERS.get(training.architecture, ())),
        )
    _table(
        "trainings",
        "The newest trainings, and how good their models are on held-out tracks.",
        read.problems.view(connection, "training_history")[:20],
    )


def leave_predictions(connection: Connection, sentences: Sequence[str]) -> None:
    """How many tracks were scored, in sentences; what the model in use takes for what, and how surely."""
    _sentences("predicted", sentences)
    _table(
        "mistakes",
        "Held-out tracks that the model in use takes for another label.",
        read.problems.view(connection, "mistakes"),
    )


def leave_evaluation(connection: Connection) -> None:
    """All figures of the last evaluation."""
    _table(
        "evaluation",
        "Networks and baseline on tracks that they have not heard.",
        read.problems.view(connection, "evaluation_table"),
    )


def leave_maintenance(sentences: Sequence[str], faults: Sequence[tuple[str, str, str]]) -> None:
    """What was looked at and done, in sentences; files and rows that do not agree, a hundred of them at most."""
    _sentences("kept-up", sentences)
    rows = [{"path": spaced(path), "kind": kind, "fault": fault} for path, kind, fault in faults[:100]]
    create_table_artifact(rows or NOTHING, key="file-faults", description="Files and rows that do not agree.")


def leave_map(engine: Engine) -> None:
    """Where tracks lie, by what the model in use hears in them; nothing where none has an embedding."""
    with engine.connect() as connection:
        tracks = neighbours_map.map_of(connection, TRACKS_ON_A_MAP)
        picture = neighbours_map.picture_of(connection, tracks) if tracks else None
    if picture is not None:
        _picture(
            "crate-map",
            "Tracks that sound alike to the model in use lie together; nothing but nearness means anything. Labels of"
            " tracks that it has learnt from lie further apart than they would in new music.",
            picture,
        )


def leave_report(written: "Written") -> None:
    """Where the report lies, and what it says in short."""
    sentences = "\n".join(f"- {as_it_is(sentence)}" for sentence in written.sentences)
    create_markdown_artifact(
        f"{as_it_is(written.lead)}\n\n{sentences}\n\nThe page: {as_it_is(str(written.path))}"
        f" ({written.bytes / 1e6:.1f} MB)",
        key="report",
        description="The report of this night; the page itself lies in the home.",
    )


def leave_mix(connection: Connection, mix_id: int) -> None:
    """A recording's verdict with its reason and figures, its timeline as a picture, and its segments; or its fault."""
    row = read.mixes.mix(connection, mix_id)
    if row.status == "rejected":
        create_markdown_artifact(
            f"**{as_it_is(row.title)}** could not be used: {as_it_is(row.detail)}", key="mix-verdict"
        )
        return
    sentences = [f"**{row.verdict}**: {as_it_is(row.verdict_reason)}", *figures_of(row)]
    create_markdown_artifact(
        "\n".join([f"### {as_it_is(row.title)}", "", *(f"- {sentence}" for sentence in sentences)]),
        key="mix-verdict",
    )
    title = as_it_is(row.title)  # pages take descriptions for Markdown, too
    _picture("mix-timeline", title, picture_of(connection, mix_id))
    _table("mix-segments", title, read.mixes.segments(connection, mix_id))


def _sentences(key: str, sentences: Sequence[str]) -> None:
    create_markdown_artifact("\n".join(f"- {as_it_is(sentence)}" for sentence in sentences), key=key)


def _not_used(connection: Connection) -> None:
    _table(
        "not-used", "Records and clips that could not be used, and why.", read.problems.problems(connection)
    )


def _picture(key: str, description: str, content: bytes) -> None:
    picture = base64.b64encode(content).decode()
    create_image_artifact(f"data:image/png;base64,{picture}", key=key, description=description)


def _table(key: str, description: str, rows: Sequence[Any]) -> None:
    table = [{name: _plain(value) for name, value in row._asdict().items()} for row in rows]
    create_table_artifact(table or NOTHING, key=key, description=description)


def _plain(value: Any) -> str | int:
    """A value as a cell shows it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    return value if isinstance(value, int) else spaced(str(value))
