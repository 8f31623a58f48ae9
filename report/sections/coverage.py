"""Coverage: how much of each playlist came in with sound, and what could not be used and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from report.bounds import PLAYLISTS
from report.charts import ACCENT, FAINT, PAPER, WARNING, figure, names_axis, rows_height
from report.parts import Chart, Figure, Section, number_column, table, text_column
from report.words import counted, in_chart, share, whole, words

TITLE = "Coverage"


@dataclass(frozen=True, slots=True)
class Bar:
    """One playlist, or all those beyond the largest ones."""

    name: str
    ready: int
    waiting: int
    """With audio, but without a usable spectrogram yet."""
    silent: int
    left_out: int


def section(playlists: Sequence[Any], problems: Sequence[Any]) -> Section:
    """Rows of the view playlist_coverage, and of what could not be used."""
    if not playlists:
        return Section(
            "coverage",
            TITLE,
            TITLE,
            ("Nothing has come in yet: labelscope run, or labelscope run --folder CRATE.",),
        )
    tracks, ready = sum(row.tracks for row in playlists), sum(row.ready for row in playlists)
    sentences = [
        f"{whole(ready)} of {counted(tracks, 'track')} in {counted(len(playlists), 'playlist')} have"
        f" usable sound{f' ({share(ready / tracks)})' if tracks else ''}."
    ]
    refused = [row for row in playlists if row.status not in ("ok", "new")]
    if refused:
        sentences.append(
            f"{counted(len(refused), 'playlist')} could not be read in full; the table says why."
        )
    if problems:
        worst = problems[0]
        sentences.append(
            f"What was left out most often: {words(worst.reason)} ({whole(worst.count)}). {words(worst.example)}"
        )
    else:
        sentences.append("Nothing was left out.")
    bars = _bars(playlists)
    chart = Chart(
        "coverage",
        "Tracks of each playlist",
        "Bars, one a playlist: tracks with usable sound, waiting, without sound, and records left out. "
        + sentences[0],
        _figure(bars),
        rows_height(len(bars), around=110),
    )
    return Section(
        "coverage",
        TITLE,
        TITLE,
        tuple(sentences),
        (chart,),
        tables=(
            table(
                "Playlists",
                (
                    text_column("Label", "label"),
                    text_column("Playlist", "playlist"),
                    text_column("From", "provider"),
                    number_column("Entries", "entries", whole),
                    number_column("Tracks", "tracks", whole),
                    number_column("With audio", "with_audio", whole),
                    number_column("Usable", "ready", whole),
                    text_column("Without audio", "without_audio"),
                    text_column("Left out", "left_out"),
                    text_column("State", "status"),
                    text_column("Why", "status_reason"),
                ),
                playlists,
            ),
            table(
                "Not used, and why",
                (
                    text_column("Reason", "reason"),
                    number_column("How many", "count", whole),
                    text_column("For example, and the cure", "example"),
                ),
                problems,
            ),
        ),
    )


def _bars(playlists: Sequence[Any]) -> list[Bar]:
    largest = sorted(playlists, key=lambda row: -row.entries)
    bars = [_bar(_name(row, playlists), [row]) for row in largest[:PLAYLISTS]]
    if others := largest[PLAYLISTS:]:
        bars.append(_bar(f"{len(others)} others", others))
    return bars


def _name(row: Any, playlists: Sequence[Any]) -> str:
    """The label's name where that says which playlist it is, else the playlist's."""
    alone = sum(other.label == row.label for other in playlists) == 1
    return words(row.label if alone else row.playlist)


def _bar(name: str, rows: Sequence[Any]) -> Bar:
    ready = sum(row.ready for row in rows)
    heard = sum(row.with_audio for row in rows)
    tracks = sum(row.tracks for row in rows)
    entries = sum(row.entries for row in rows)
    return Bar(name, ready, max(heard - ready, 0), max(tracks - max(heard, ready), 0), entries - tracks)


def _figure(bars: Sequence[Bar]) -> Figure:
    kinds = (
        ("usable", ACCENT, [bar.ready for bar in bars]),
        ("waits", "var(--accent-soft)", [bar.waiting for bar in bars]),
        ("no audio", FAINT, [bar.silent for bar in bars]),
        ("left out", WARNING, [bar.left_out for bar in bars]),
    )
    return figure(
        [
            {
                "type": "bar",
                "orientation": "h",
                "name": name,
                "y": list(range(len(bars))),
                "x": counts,
                "marker": {"color": colour, "line": {"color": PAPER, "width": 1}},
                "hovertext": [in_chart(bar.name) for bar in bars],
                "hovertemplate": f"%{{hovertext}}<br>%{{x:,}} {name}<extra></extra>",
                "text": counts if name == "usable" else None,
                "textposition": "auto",
                "insidetextanchor": "end",
                "showlegend": True,
            }
            for name, colour, counts in kinds
            if any(counts) or name == "usable"
        ],
        barmode="stack",
        bargap=0.35,
        yaxis=names_axis([bar.name for bar in bars]),
        xaxis={"title": {"text": "tracks"}, "rangemode": "tozero", "tickformat": ",d"},
    )
