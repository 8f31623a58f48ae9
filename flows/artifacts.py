"""What runs leave on Prefect's pages, beside the rows that they write."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact
from sqlalchemy import Connection, Engine

from db import queries
from flows.neighbours_map import map_of, picture_of
from ml.pictures import confusion_picture

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


def leave_map(engine: Engine) -> None:
    """Where tracks lie, by what the model in use hears in them; nothing where none has an embedding."""
    tracks = map_of(engine, TRACKS_ON_A_MAP)
    if tracks:
        _picture(
            "crate-map",
            "Tracks that sound alike to the model in use lie together; nothing but nearness means anything. Labels of"
            " tracks that it has learnt from lie further apart than they would in new music.",
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
