"""Kinds of artifacts on Prefect's pages: lists of sentences, tables and images."""

import base64
from collections.abc import Sequence
from typing import Final, Protocol

from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact
from sqlalchemy import Connection

from common.text import spaced
from db import read
from flows.prefect_tools.markdown import escape_markdown

NOTHING: Final = [{"": "nothing"}]
"""The rows of an empty table."""


class NamedRow(Protocol):
    """A NamedTuple of any kind."""

    def _asdict(self) -> dict[str, object]: ...


def sentence_list(key: str, description: str, sentences: Sequence[str]) -> None:
    """Create a list with an item for each sentence."""
    markdown(key, description, "\n".join(f"- {escape_markdown(sentence)}" for sentence in sentences))


def markdown(key: str, description: str, text: str) -> None:
    """Create a text in Markdown."""
    create_markdown_artifact(text, key=key, description=description)


def not_used(connection: Connection) -> None:
    """Create a table of records and clips that could not be used, by reason."""
    table(
        "not-used", "Records and clips that could not be used, and why.", read.problems.problems(connection)
    )


def picture(key: str, description: str, content: bytes) -> None:
    """Create an image from the bytes of a PNG file."""
    encoded = base64.b64encode(content).decode()
    create_image_artifact(f"data:image/png;base64,{encoded}", key=key, description=description)


def table(key: str, description: str, rows: Sequence[NamedRow]) -> None:
    """Create a table from rows of a query; without rows it shows "nothing"."""
    cells = [{name: _plain(value) for name, value in row._asdict().items()} for row in rows]
    create_table_artifact(cells or NOTHING, key=key, description=description)


def _plain(value: object) -> str | int:
    """A value as a table cell shows it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    return value if isinstance(value, int) else spaced(str(value))
