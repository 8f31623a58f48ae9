"""`labelscope status`: what there is, what runs and what could not be used, on one screen; whole as JSON."""

from dataclasses import asdict, dataclass
from typing import Any

import typer

from cli import screen, show, status_tables
from cli.rows import write_json
from config.labels import read_labels
from config.settings import Settings
from db import read
from db.engine import QUESTION_SECONDS
from db.read.splits import count_tracks_without_split
from flows.batch.settle_track_states import settle
from flows.home.environment import open_database, own_prefect
from flows.home.folder import require_home
from services import up_process
from services.locks import State
from services.prefect.api import NoAnswerError, PrefectApi
from services.prefect.login import login_file
from services.prefect.runs import LastRuns, Run, last_runs, next_runs
from services.prefect.server import home_api, running, silence

LOG_IN = "its pages ask for a password: `labelscope login prefect` prints it"
RUNS = 5
TRAININGS = 5
MIXES = 3


@dataclass(frozen=True, slots=True)
class Rows:
    """What the database has to say."""

    counts: read.problems.Counts
    champion: read.learning.Champion | None
    coverage: read.rows.Rows
    trainings: read.rows.Rows
    problems: read.rows.Rows
    mixes: read.rows.Rows
    troubles: read.rows.Rows
    new_tracks: int | None  # usable ones since the last training; None: there was none
    tracks_without_split: (
        int  # usable ones that the next training gives a side of the split; among the new ones
    )


def status(settings: Settings, as_json: bool) -> None:
    """Everything there is, for people or for programs."""
    require_home(settings)
    rows = _read(settings)
    up = up_process.who_is_up(settings.home)
    server = running(settings.home)
    api = own_prefect(settings) or (home_api(settings.home, server) if server else None)
    coming, past, is_silent = _runs(api)
    if as_json:
        write_json(_document(settings, rows, up, coming, past))
        return
    _sentences(settings, rows, up)
    if is_silent:
        own = settings.prefect_api_url
        screen.sentence("Prefect", f"does not answer at {own}" if own else silence(settings.home))
    zone = settings.timezone
    cut = [
        status_tables.coming(coming, zone),
        status_tables.past(past, zone),
        status_tables.mixes(rows.mixes, zone),
        status_tables.troubles(rows.troubles, zone),
        status_tables.coverage(rows.coverage),
        status_tables.trainings(rows.trainings, zone),
        status_tables.problems(rows.problems),
    ]
    if any(cut):
        typer.echo(screen.CUT)


def _read(settings: Settings) -> Rows:
    with open_database(settings, lock_seconds=QUESTION_SECONDS) as engine, engine.connect() as connection:
        settle(engine)
        last = read.learning.last_training(connection)
        allowed = read_labels(settings.labels).training.allow
        unplaced = count_tracks_without_split(connection, allowed)
        return Rows(
            counts=read.problems.counts(connection),
            champion=read.learning.champion(connection),
            coverage=read.problems.view(connection, "playlist_coverage"),
            trainings=read.problems.view(connection, "training_history")[:TRAININGS],
            problems=read.problems.problems(connection),
            mixes=read.mixes.latest(connection, MIXES),
            troubles=read.providers.troubles(connection),
            new_tracks=read.learning.count_new_tracks(connection, last.config_id, last.id, allowed)[0]
            + unplaced
            if last
            else None,
            tracks_without_split=unplaced,
        )


def _runs(api: PrefectApi | None) -> tuple[list[Run], LastRuns, bool]:
    """Runs to come, the last ones, and whether there is a server that does not answer."""
    try:
        return (next_runs(api), last_runs(api, RUNS), False) if api else ([], LastRuns([], 0), False)
    except NoAnswerError:
        return [], LastRuns([], 0), True


def _document(
    settings: Settings, rows: Rows, up: State | None, coming: list[Run], past: LastRuns
) -> dict[str, Any]:
    return {
        "home": str(settings.home),
        "up": up is not None,
        "pages": up.place if up else None,
        "pages_login": str(login_file(settings.home)) if up and not settings.prefect_api_url else None,
        "next_runs": [asdict(run) for run in coming],
        "last_runs": [asdict(run) for run in past.runs],
        "cancelled_at_once": past.cancelled_at_once,
        "new_tracks_since_training": rows.new_tracks,
        "tracks_without_split": rows.tracks_without_split,
        "counts": rows.counts._asdict(),
        "champion": rows.champion._asdict() if rows.champion else None,
        "coverage": [row._asdict() for row in rows.coverage],
        "trainings": [row._asdict() for row in rows.trainings],
        "problems": [row._asdict() for row in rows.problems],
        "mixes": [row._asdict() for row in rows.mixes],
        "services": [row._asdict() for row in rows.troubles],
    }


def _sentences(settings: Settings, rows: Rows, up: State | None) -> None:
    counts, champion = rows.counts, rows.champion
    screen.sentence("home", str(settings.home))
    screen.sentence(
        "tracks",
        f"{counts.tracks} in {counts.playlists} playlists of {counts.labels} labels;"
        f" {counts.clips_ready} of {counts.clips} clips ready, {counts.clips_waiting} waiting",
    )
    if up:
        screen.sentence("up", f"{up.place}, process {up.pid}")
        if up.place and not settings.prefect_api_url:
            screen.sentence("", LOG_IN)
    elif settings.prefect_api_url:
        screen.sentence("up", f"not here; runs are those of {settings.prefect_api_url}")
    else:
        screen.sentence("up", "no: labelscope up")
    last = next((row for row in rows.trainings if row.status in ("completed", "refused")), None)
    if last is not None and last.status == "refused":
        screen.sentence(
            "due", f"once tracks have changed: training {last.training_run_id} was refused. {last.reason}"
        )
    elif rows.new_tracks is not None:
        screen.sentence(
            "due",
            f"{rows.new_tracks} usable tracks are new since the last training;"
            f" {settings.retrain_new_tracks} and {settings.retrain_new_share:.0%} of those known make one due",
        )
    elif rows.tracks_without_split:
        screen.sentence(
            "due", f"{rows.tracks_without_split} usable tracks are ready, and wait for the first training"
        )
    if champion is None:
        screen.sentence("model", "none yet: labelscope run")
    else:
        screen.sentence(
            "model",
            f"{champion.model_id} ({champion.architecture}): {show.accuracy(champion)},"
            f" {counts.tracks_predicted} tracks scored",
        )
        screen.sentence("", f"all labels counting alike: {show.balanced(champion)}")
