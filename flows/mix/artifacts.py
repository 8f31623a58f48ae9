"""The Prefect artifacts of an analysed recording."""

from typing import Final

from sqlalchemy import Connection

from db import read
from flows.mix.description import described, parts_of
from flows.mix.plot import plot_timeline
from flows.mix.summary import length_and_tempo
from flows.prefect_tools import artifacts
from flows.prefect_tools.markdown import escape_markdown

DESCRIPTION: Final = (
    "What a recording is made of, how varied it is and where uncertain; and a verdict by the taste."
)


def leave_mix(connection: Connection, mix_id: int) -> None:
    """Leave the description, the verdict, the timeline plot and the segments; or the reason of a rejection."""
    row = read.mixes.mix(connection, mix_id)
    if row.status == "rejected":
        artifacts.markdown(
            "mix-verdict",
            DESCRIPTION,
            f"**{escape_markdown(row.title)}** could not be used: {escape_markdown(row.detail)}",
        )
        return
    segments = read.mixes.segments(connection, mix_id)
    sentences = [escape_markdown(sentence) for sentence in described(parts_of(segments))]
    if row.verdict is not None and row.verdict_reason is not None:
        sentences.append(f"**{row.verdict}**: {escape_markdown(row.verdict_reason)}")
    sentences.append(length_and_tempo(row))
    artifacts.markdown(
        "mix-verdict",
        DESCRIPTION,
        "\n".join([f"### {escape_markdown(row.title)}", "", *(f"- {sentence}" for sentence in sentences)]),
    )
    # Prefect renders descriptions as Markdown.
    title = escape_markdown(row.title)
    artifacts.picture("mix-timeline", title, plot_timeline(connection, mix_id))
    artifacts.table("mix-segments", title, segments)
