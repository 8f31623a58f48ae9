"""The recordings that were heard last: what they sound like from when to when."""

from collections.abc import Mapping, Sequence
from typing import Any

from report.bounds import SEGMENTS
from report.charts import PAPER, figure, rows_height
from report.parts import Chart, Column, Figure, Section, number_column, table, text_column
from report.words import clock, counted, decimal, in_chart, moment, named, share, whole, words

TITLE = "The latest mixes"


def section(
    mixes: Sequence[Any], segments: Sequence[Any], colours: Mapping[int, str], unknown: str, total: int
) -> Section:
    """Rows of mixes that were heard, newest first, and of their segments; how many there are in all."""
    if not mixes:
        return Section("mixes", TITLE, "Mixes", ("No mix was analysed yet: labelscope mix 'a set.mp3'.",))
    pieces = {mix.id: [row for row in segments if row.mix_id == mix.id][:SEGMENTS] for mix in mixes}
    newest = mixes[0]
    sentences = [
        f"“{named(newest.title)}”, the newest, lasts {clock(newest.duration_s)} and sounds"
        f" {_mostly(pieces[newest.id])}: {words(newest.verdict)}. {words(newest.verdict_reason)}"
    ]
    if total > len(mixes):
        sentences.append(f"These are the last {len(mixes)} of {whole(total)}.")
    return Section(
        "mixes",
        TITLE,
        "Mixes",
        tuple(sentences),
        (
            Chart(
                "mixes",
                "What each mix sounds like, from beginning to end",
                f"A strip for each of {counted(len(mixes), 'mix', 'mixes')}, coloured by label. {sentences[0]}",
                _figure(mixes, pieces, colours, unknown),
                rows_height(len(mixes), each=66, around=120),
            ),
        ),
        tables=(
            table(
                "Mixes",
                (
                    text_column("Title", "title"),
                    number_column("Length", "duration_s", clock),
                    text_column("Verdict", "verdict"),
                    text_column("Because", "verdict_reason"),
                    number_column("Beats a minute", "tempo_bpm", decimal),
                    number_column("Changes an hour", "changes_per_hour", decimal),
                    number_column("Like no label", "unknown_share", share),
                    number_column("Model", "model_id", whole),
                    Column("Heard (UTC)", lambda row: moment(row.created_at), number=False),
                ),
                mixes,
            ),
            table(
                "From when to when",
                (
                    text_column("Mix", "title"),
                    number_column("From", "start_s", clock),
                    number_column("To", "end_s", clock),
                    text_column("Sounds like", "label"),
                    number_column("Confidence", "confidence", share),
                    number_column("Beats a minute", "tempo_bpm", decimal),
                ),
                [row for rows in pieces.values() for row in rows],
            ),
        ),
        reading="Each strip is one mix, cut where it goes over from one label to another; grey is like none of them.",
    )


def _mostly(pieces: Sequence[Any]) -> str:
    """mostly like Kompakt (64 %)"""
    seconds: dict[int | None, float] = {}
    for row in pieces:
        seconds[row.label_id] = seconds.get(row.label_id, 0.0) + row.end_s - row.start_s
    names = {row.label_id: row.label for row in pieces}
    if not seconds:
        return "like nothing in particular"
    label = max(seconds, key=lambda label_id: seconds[label_id])
    part = share(seconds[label] / sum(seconds.values()), 0)
    return (
        f"mostly like none of the labels ({part})"
        if label is None
        else f"mostly like {named(names[label])} ({part})"
    )


def _figure(
    mixes: Sequence[Any], pieces: Mapping[int, Sequence[Any]], colours: Mapping[int, str], unknown: str
) -> Figure:
    place_of = {mix.id: place for place, mix in enumerate(mixes)}
    rows = [row for of_mix in pieces.values() for row in of_mix]
    labels = {row.label_id: row.label for row in rows}
    traces = []
    for label_id in sorted(labels, key=lambda known: (known is None, known or 0)):
        of_label = [row for row in rows if row.label_id == label_id]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": in_chart(labels[label_id], 30),
                "y": [place_of[row.mix_id] for row in of_label],
                "base": [round(row.start_s / 60, 3) for row in of_label],
                "x": [round((row.end_s - row.start_s) / 60, 3) for row in of_label],
                "width": 0.5,
                "marker": {
                    "color": unknown if label_id is None else colours[label_id],
                    "line": {"color": PAPER, "width": 1},
                },
                "hovertext": [_hover(row) for row in of_label],
                "hovertemplate": "%{hovertext}<extra></extra>",
                "showlegend": True,
            }
        )
    return figure(
        traces,
        barmode="overlay",
        yaxis={"visible": False, "range": [len(mixes) - 0.4, -0.75]},
        annotations=[
            {
                "x": 0,
                "xref": "paper",
                "xanchor": "left",
                "y": place - 0.3,
                "yanchor": "bottom",
                "text": f"<b>{in_chart(mix.title, 34)}</b>  {in_chart(mix.verdict)}",
                "showarrow": False,
                "xshift": -4,
            }
            for place, mix in enumerate(mixes)
        ],
        xaxis={"title": {"text": "minutes"}, "rangemode": "tozero", "zeroline": False},
    )


def _hover(row: Any) -> str:
    said = f"{clock(row.start_s)} to {clock(row.end_s)}"
    said += f"<br>{in_chart(row.label)}, {share(row.confidence, 0)} sure"
    return f"{said}<br>{decimal(row.tempo_bpm)} beats a minute" if row.tempo_bpm else said
