"""The newest tracks, and what they sound like."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from report.components import Column, Columns, Section, Table, table, text_column
from report.format import counted, percent, plain_text, short_name, timestamp

TITLE = "What the new music sounds like"
DAYS = 7


class NewTrack(Protocol):
    """A track with its prediction by the model in use; `predicted` may be "unknown"."""

    @property
    def title(self) -> str: ...
    @property
    def artists(self) -> str | None: ...
    @property
    def label(self) -> str | None: ...
    @property
    def predicted(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def nearest(self) -> str: ...
    @property
    def next_label(self) -> str | None: ...
    @property
    def next_probability(self) -> float | None: ...
    @property
    def first_seen_at(self) -> datetime: ...


def section(tracks: Sequence[NewTrack], total: int) -> Section:
    """The section, from the newest tracks of the last `DAYS` days, newest first; `total` counts all of these days."""
    if not tracks:
        sentence = f"No track that has a prediction came in within the last {DAYS} days."
        return Section("new", TITLE, "New music", (sentence,))
    sentences = [
        f"{counted(total, 'track')} came in within the last {DAYS} days; the newest, “{plain_text(_name(tracks[0]))}”,"
        f" {_sounds_like(tracks[0])}."
    ]
    if total > len(tracks):
        sentences.append(f"The table has the newest {len(tracks)}; labelscope tracks --new lists all.")
    return Section("new", TITLE, "New music", tuple(sentences), tables=(_table(tracks),))


def _table(tracks: Sequence[NewTrack]) -> Table:
    columns: Columns[NewTrack] = (
        text_column("Track", _name),
        text_column("Filed under", lambda row: row.label or ""),
        text_column("Sounds like", lambda row: row.predicted),
        Column("Probability", lambda row: percent(row.confidence) if _is_known(row) else ""),
        text_column("Next likely", lambda row: (row.next_label or "") if _is_known(row) else row.nearest),
        Column(
            "Its probability", lambda row: percent(row.next_probability if _is_known(row) else row.confidence)
        ),
        Column("First seen (UTC)", lambda row: timestamp(row.first_seen_at), number=False),
    )
    return table("New tracks", columns, tracks)


def _name(track: NewTrack) -> str:
    return f"{track.artists} – {track.title}" if track.artists else track.title


def _is_known(track: NewTrack) -> bool:
    return track.predicted == track.nearest


def _sounds_like(track: NewTrack) -> str:
    if _is_known(track):
        return f"sounds like {short_name(track.predicted)} ({percent(track.confidence, 0)})"
    return "sounds like none of the labels"
