"""Coverage: how many tracks of each playlist have usable audio, and what could not be used and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from report.bounds import PLAYLISTS
from report.charts import ACCENT, FAINT, PAPER, WARNING, figure, names_axis, rows_height
from report.components import Chart, Column, Columns, Figure, Section, Table, table, text_column
from report.format import chart_text, counted, integer, percent, plain_text

TITLE = "Coverage"


class Playlist(Protocol):
    """A playlist: number of tracks in each state, and reasons with their counts."""

    @property
    def label(self) -> str: ...
    @property
    def playlist(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def entries(self) -> int: ...
    @property
    def tracks(self) -> int: ...
    @property
    def with_audio(self) -> int: ...
    @property
    def ready(self) -> int: ...
    @property
    def without_audio(self) -> str | None: ...
    @property
    def left_out(self) -> str | None: ...
    @property
    def status(self) -> str: ...
    @property
    def status_reason(self) -> str | None: ...
    @property
    def path(self) -> str: ...


class Problem(Protocol):
    """A reason for unusable content, with an example and its cure."""

    @property
    def reason(self) -> str: ...
    @property
    def count(self) -> int: ...
    @property
    def example(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Bar:
    """Counts of one playlist, or of all smaller ones together."""

    name: str
    ready: int
    waiting: int
    """Tracks with audio, but without a usable spectrogram yet."""
    without_audio: int
    left_out: int


def section(playlists: Sequence[Playlist], problems: Sequence[Problem]) -> Section:
    """The section, from rows of the view playlist_coverage and of the problems that kept content out."""
    if not playlists:
        nothing = "Nothing has come in yet: labelscope run, or labelscope run DIR."
        return Section("coverage", TITLE, TITLE, (nothing,))
    sentences = _sentences(playlists, problems)
    return Section(
        "coverage",
        TITLE,
        TITLE,
        tuple(sentences),
        (_chart(_bars(playlists), sentences[0]),),
        tables=(_playlist_table(playlists), _problem_table(problems)),
    )


def _sentences(playlists: Sequence[Playlist], problems: Sequence[Problem]) -> list[str]:
    tracks, ready = sum(row.tracks for row in playlists), sum(row.ready for row in playlists)
    of_all = f" ({percent(ready / tracks)})" if tracks else ""
    sentences = [
        f"{integer(ready)} of {counted(tracks, 'track')} in {counted(len(playlists), 'playlist')} have"
        f" usable audio{of_all}."
    ]
    unread = [row for row in playlists if row.status not in ("ok", "new")]
    if unread:
        sentences.append(
            f"{counted(len(unread), 'playlist')} could not be read in full; the table has the reason."
        )
    if problems:
        most = problems[0]
        sentences.append(
            f"Most frequent reason for leaving something out: {plain_text(most.reason)} ({integer(most.count)})."
            f" {plain_text(most.example)}"
        )
    else:
        sentences.append("Nothing was left out.")
    return sentences


def _chart(bars: Sequence[Bar], summary: str) -> Chart:
    return Chart(
        "coverage",
        "Tracks of each playlist",
        "One bar for each playlist: tracks with usable audio, tracks that wait, tracks without audio, and records"
        f" left out. {summary}",
        _figure(bars),
        rows_height(len(bars), around=110),
    )


def _playlist_table(playlists: Sequence[Playlist]) -> Table:
    columns: Columns[Playlist] = (
        text_column("Label", lambda row: row.label),
        text_column("Playlist", lambda row: _playlist_name(row, playlists)),
        text_column("From", lambda row: row.provider),
        Column("Entries", lambda row: integer(row.entries)),
        Column("Tracks", lambda row: integer(row.tracks)),
        Column("With audio", lambda row: integer(row.with_audio)),
        Column("Usable", lambda row: integer(row.ready)),
        text_column("Without audio", lambda row: row.without_audio),
        text_column("Left out", lambda row: row.left_out),
        text_column("Status", lambda row: row.status),
        text_column("Reason", lambda row: row.status_reason),
    )
    return table("Playlists", columns, playlists)


def _problem_table(problems: Sequence[Problem]) -> Table:
    columns: Columns[Problem] = (
        text_column("Reason", lambda row: row.reason),
        Column("Count", lambda row: integer(row.count)),
        text_column("Example and cure", lambda row: row.example),
    )
    return table("Not used, and why", columns, problems)


def _bars(playlists: Sequence[Playlist]) -> list[Bar]:
    largest = sorted(playlists, key=lambda row: -row.entries)
    bars = [_bar(_name(row, playlists), [row]) for row in largest[:PLAYLISTS]]
    if others := largest[PLAYLISTS:]:
        bars.append(_bar(f"{len(others)} others", others))
    return bars


def _name(row: Playlist, playlists: Sequence[Playlist]) -> str:
    """The label's name where the label has one playlist, else the playlist's."""
    is_only_playlist = sum(other.label == row.label for other in playlists) == 1
    return plain_text(row.label if is_only_playlist else _playlist_name(row, playlists))


def _playlist_name(row: Playlist, playlists: Sequence[Playlist]) -> str:
    """The name of a playlist; of one of several folders with the label's name, the path."""
    same = sum((other.label, other.playlist) == (row.label, row.playlist) for other in playlists)
    return row.playlist if same == 1 else row.path


def _bar(name: str, rows: Sequence[Playlist]) -> Bar:
    ready = sum(row.ready for row in rows)
    with_audio = sum(row.with_audio for row in rows)
    tracks = sum(row.tracks for row in rows)
    entries = sum(row.entries for row in rows)
    waiting = max(with_audio - ready, 0)
    without_audio = max(tracks - max(with_audio, ready), 0)
    return Bar(name, ready, waiting, without_audio, left_out=entries - tracks)


def _figure(bars: Sequence[Bar]) -> Figure:
    kinds = (
        ("usable", ACCENT, [bar.ready for bar in bars]),
        ("waiting", "var(--accent-soft)", [bar.waiting for bar in bars]),
        ("no audio", FAINT, [bar.without_audio for bar in bars]),
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
                "hovertext": [chart_text(bar.name) for bar in bars],
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
