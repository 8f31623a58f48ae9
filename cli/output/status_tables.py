"""The tables of `labelscope status`. Each function prints one."""

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from cli.output import screen
from db.read.mixes import LatestMix
from db.read.problems import Problem
from db.read.providers import Trouble
from db.read.views import PlaylistCoverage, TrainingSummary
from services.prefect.runs import LastRuns, Run

OPENING = "Flow run encountered an exception: "  # of Prefect's message for a failed run
END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s|\n")


def next_runs(runs: Sequence[Run], zone: ZoneInfo) -> None:
    """The next run of each flow that has a schedule."""
    rows = [(run.flow, run.state, screen.local(run.at, zone)) for run in runs]
    screen.table("Next runs", ("flow", "state", f"next run ({zone})"), rows)


def last_runs(last: LastRuns, zone: ZoneInfo) -> None:
    """The last runs that did something, and why some of them failed or were cancelled."""
    rows = [
        (
            run.flow,
            run.state,
            screen.local(run.at, zone),
            None if run.seconds is None else round(run.seconds),
            first_sentence(run.why),
        )
        for run in last.runs
    ]
    screen.table("Last runs", ("flow", "state", f"started ({zone})", "seconds", "why"), rows)
    if last.cancelled_at_once:
        number = last.cancelled_at_once
        runs = "run" if number == 1 else "runs"
        screen.entry("", f"and {number} {runs} cancelled at once: one of each flow runs at a time")


def first_sentence(message: str | None) -> str | None:
    """The first sentence of a message of Prefect."""
    return END_OF_SENTENCE.split(message.removeprefix(OPENING), maxsplit=1)[0] if message else None


def troubles(rows: Sequence[Trouble], zone: ZoneInfo) -> None:
    """What services refuse or cannot do at present."""
    screen.table(
        "Not available from services",
        ("service", "capability", "why", f"until ({zone})"),
        [(row.provider, row.capability, row.reason, screen.local(row.blocked_until, zone)) for row in rows],
    )


def coverage(rows: Sequence[PlaylistCoverage]) -> None:
    """How much of each playlist was read; below it, once, why some could not be."""
    screen.table(
        "Coverage",
        ("label", "playlist", "status", "tracks", "audio", "ready", "two labels", "no audio", "excluded"),
        [
            (
                row.label,
                _playlist_name(row, rows),
                row.status,
                row.tracks,
                row.with_audio,
                row.ready,
                row.ambiguous or None,
                row.without_audio,
                row.left_out,
            )
            for row in rows
        ],
    )
    for status, reason in dict.fromkeys((row.status, row.status_reason) for row in rows if row.status_reason):
        screen.entry("", f"{status}: {reason}")


def _playlist_name(row: PlaylistCoverage, rows: Sequence[PlaylistCoverage]) -> str | None:
    """The name where it is not the label's; of one of several folders of that name, the path."""
    same = sum((other.label, other.playlist) == (row.label, row.playlist) for other in rows)
    return row.path if same > 1 else row.playlist if row.playlist != row.label else None


def trainings(rows: Sequence[TrainingSummary], zone: ZoneInfo) -> None:
    """The last trainings, and their outcomes."""
    screen.table(
        "Trainings",
        ("id", f"started ({zone})", "model", "balanced accuracy", "why"),
        [
            (
                row.training_run_id,
                screen.local(row.started_at, zone),
                f"{row.model_id} {row.model_status}" if row.model_id else row.status,
                row.balanced_accuracy,
                row.why,
            )
            for row in rows
        ],
    )
    for row in rows:
        if row.reason:
            screen.entry(f"{row.training_run_id:>2}", row.reason)


def problems(rows: Sequence[Problem]) -> None:
    """What could not be used, and why."""
    screen.table("Not used, and why", ("reason", "count", "example"), rows)


def mixes(rows: Sequence[LatestMix], zone: ZoneInfo) -> None:
    """The latest recordings, and whether they are worth listening to."""
    screen.table(
        "Latest recordings",
        ("recording", "verdict", f"analysed ({zone})"),
        [(row.title, row.verdict, screen.local(row.created_at, zone)) for row in rows],
    )
