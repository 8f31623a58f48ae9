"""The mixes that were analysed last: which label they sound like at what time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from report.bounds import SEGMENTS
from report.charts import PAPER, figure, rows_height
from report.components import Chart, Column, Columns, Figure, PlotlyObject, Section, Table, table, text_column
from report.format import (
    chart_text,
    clock,
    counted,
    decimal,
    integer,
    percent,
    plain_text,
    short_name,
    timestamp,
)

TITLE = "The latest mixes"


class Mix(Protocol):
    """An analysed mix."""

    @property
    def id(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def duration_s(self) -> float: ...
    @property
    def verdict(self) -> str | None: ...
    @property
    def verdict_reason(self) -> str | None: ...
    @property
    def tempo_bpm(self) -> float | None: ...
    @property
    def changes_per_hour(self) -> float: ...
    @property
    def unknown_share(self) -> float: ...
    @property
    def model_id(self) -> int: ...
    @property
    def created_at(self) -> datetime: ...


class Segment(Protocol):
    """A segment of a mix; its label_id is None where it is unknown."""

    @property
    def mix_id(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...
    @property
    def label_id(self) -> int | None: ...
    @property
    def label(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def tempo_bpm(self) -> float | None: ...


def section(
    mixes: Sequence[Mix], segments: Sequence[Segment], colours: Mapping[int, str], unknown: str, total: int
) -> Section:
    """The section, from rows of analysed mixes, newest first, and of their segments.

    `colours` has the colour of each label by id, `unknown` is that of unknown segments; `total` counts all mixes.
    """
    if not mixes:
        return Section("mixes", TITLE, "Mixes", ("No mix was analysed yet: labelscope mix 'a set.mp3'.",))
    segments_of = {mix.id: [row for row in segments if row.mix_id == mix.id][:SEGMENTS] for mix in mixes}
    newest = mixes[0]
    sentences = [
        f"“{short_name(newest.title)}”, the newest, lasts {clock(newest.duration_s)} and sounds"
        f" {_mostly(segments_of[newest.id])}{_verdict(newest)}"
    ]
    if total > len(mixes):
        sentences.append(f"These are the last {len(mixes)} of {integer(total)}.")
    chart = Chart(
        "mixes",
        "What each mix sounds like, from beginning to end",
        f"A strip for each of {counted(len(mixes), 'mix', 'mixes')}, coloured by label. {sentences[0]}",
        _figure(mixes, segments_of, colours, unknown),
        rows_height(len(mixes), each=66, around=120),
    )
    return Section(
        "mixes",
        TITLE,
        "Mixes",
        tuple(sentences),
        (chart,),
        tables=(_mix_table(mixes), _segment_table([row for rows in segments_of.values() for row in rows])),
        explanation="Each strip is one mix. A new segment begins where the label changes; grey is unknown.",
    )


def _mix_table(mixes: Sequence[Mix]) -> Table:
    columns: Columns[Mix] = (
        text_column("Title", lambda row: row.title),
        Column("Length", lambda row: clock(row.duration_s)),
        text_column("Verdict", lambda row: row.verdict or ""),
        text_column("Reason", lambda row: row.verdict_reason or ""),
        Column("BPM", lambda row: decimal(row.tempo_bpm)),
        Column("Changes per hour", lambda row: decimal(row.changes_per_hour)),
        Column("Unknown", lambda row: percent(row.unknown_share)),
        Column("Model", lambda row: integer(row.model_id)),
        Column("Analysed (UTC)", lambda row: timestamp(row.created_at), number=False),
    )
    return table("Mixes", columns, mixes)


def _segment_table(segments: Sequence[Segment]) -> Table:
    columns: Columns[Segment] = (
        text_column("Mix", lambda row: row.title),
        Column("From", lambda row: clock(row.start_s)),
        Column("To", lambda row: clock(row.end_s)),
        text_column("Sounds like", lambda row: row.label),
        Column("Confidence", lambda row: percent(row.confidence)),
        Column("BPM", lambda row: decimal(row.tempo_bpm)),
    )
    return table("Segments", columns, segments)


def _mostly(segments: Sequence[Segment]) -> str:
    """mostly like Kompakt (64 %)"""
    if not segments:
        return "like no label in particular"
    seconds: dict[int | None, float] = {}
    for row in segments:
        seconds[row.label_id] = seconds.get(row.label_id, 0.0) + row.end_s - row.start_s
    label_id = max(seconds, key=lambda label_id: seconds[label_id])
    part = percent(seconds[label_id] / sum(seconds.values()), 0)
    if label_id is None:
        return f"mostly like none of the labels ({part})"
    name = next(row.label for row in segments if row.label_id == label_id)
    return f"mostly like {short_name(name)} ({part})"


def _verdict(mix: Mix) -> str:
    """: listen. It is 60% Kompakt …; or a full stop without a taste."""
    if mix.verdict is None or mix.verdict_reason is None:
        return "."
    return f": {plain_text(mix.verdict)}. {plain_text(mix.verdict_reason)}"


def _figure(
    mixes: Sequence[Mix],
    segments_of: Mapping[int, Sequence[Segment]],
    colours: Mapping[int, str],
    unknown: str,
) -> Figure:
    position_of = {mix.id: position for position, mix in enumerate(mixes)}
    by_label: dict[int | None, list[Segment]] = {}
    for row in (row for rows in segments_of.values() for row in rows):
        by_label.setdefault(row.label_id, []).append(row)
    traces = [
        _bars(by_label[label_id], position_of, unknown if label_id is None else colours[label_id])
        for label_id in sorted(by_label, key=lambda label_id: (label_id is None, label_id or 0))
    ]
    return figure(
        traces,
        barmode="overlay",
        yaxis={"visible": False, "range": [len(mixes) - 0.4, -0.75]},
        annotations=[_heading(mix, position) for position, mix in enumerate(mixes)],
        xaxis={"title": {"text": "minutes"}, "rangemode": "tozero", "zeroline": False},
    )


def _bars(segments: Sequence[Segment], position_of: Mapping[int, int], colour: str) -> PlotlyObject:
    """One trace: all segments of one label."""
    return {
        "type": "bar",
        "orientation": "h",
        "name": chart_text(segments[-1].label, 30),
        "y": [position_of[row.mix_id] for row in segments],
        "base": [round(row.start_s / 60, 3) for row in segments],
        "x": [round((row.end_s - row.start_s) / 60, 3) for row in segments],
        "width": 0.5,
        "marker": {"color": colour, "line": {"color": PAPER, "width": 1}},
        "hovertext": [_hover(row) for row in segments],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "showlegend": True,
    }


def _heading(mix: Mix, position: int) -> PlotlyObject:
    """Title and verdict above the strip of a mix."""
    return {
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": position - 0.3,
        "yanchor": "bottom",
        "text": f"<b>{chart_text(mix.title, 34)}</b>  {chart_text(mix.verdict or '')}",
        "showarrow": False,
        "xshift": -4,
    }


def _hover(row: Segment) -> str:
    lines = [
        f"{clock(row.start_s)} to {clock(row.end_s)}",
        f"{chart_text(row.label)}, confidence {percent(row.confidence, 0)}",
    ]
    if row.tempo_bpm:
        lines.append(f"{decimal(row.tempo_bpm)} BPM")
    return "<br>".join(lines)
