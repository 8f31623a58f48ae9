"""`labelscope status`: tracks, model, runs and problems, on one screen or complete as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import Connection

from cli.commands.running.up import TCP_LOGIN
from cli.output import screen, show, status_tables
from cli.output.rows import write_json
from config.labels import read_labels
from config.settings import Settings
from db import read
from db.engine import QUESTION_SECONDS
from db.read.splits import count_tracks_without_split
from flows.home.environment import configured_prefect, open_database
from flows.home.folder import require_home
from flows.home.tcp import password_file
from services import up_process
from services.locks import State
from services.prefect.api import NoAnswerError, PrefectApi
from services.prefect.login import login_file
from services.prefect.runs import LastRuns, Run, last_runs, next_runs
from services.prefect.server import home_api, no_answer_cure, running

LOG_IN = "its pages ask for a password: `labelscope login prefect` prints it"
RUNS = 5
TRAININGS = 5
MIXES = 3


@dataclass(frozen=True, slots=True)
class Contents:
    """What the screen shows of the database."""

    counts: read.problems.Counts
    champion: read.learning.Champion | None
    coverage: Sequence[read.views.PlaylistCoverage]
    trainings: Sequence[read.views.TrainingSummary]
    problems: Sequence[read.problems.Problem]
    mixes: Sequence[read.mixes.LatestMix]
    troubles: Sequence[read.providers.Trouble]
    # Usable tracks since the last training; None where there was none.
    new_tracks: int | None
    # Usable tracks that the next training will assign to a split; the new tracks include them.
    tracks_without_split: int


def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """What there is: tracks, coverage of playlists, the model in use, and what could not be used and why."""
    settings = Settings()
    require_home(settings)
    contents = _read(settings)
    up = up_process.up_state(settings.home)
    server = running(settings.home)
    api = configured_prefect(settings) or (home_api(settings.home, server) if server else None)
    upcoming, past, is_unreachable = _runs(api)
    if as_json:
        write_json(_document(settings, contents, up, upcoming, past))
        return
    _print_sentences(settings, contents, up)
    if is_unreachable:
        own = settings.prefect_api_url
        screen.entry("Prefect", f"does not answer at {own}" if own else no_answer_cure(settings.home))
    _print_tables(contents, upcoming, past, settings.timezone)


def _read(settings: Settings) -> Contents:
    with open_database(settings, lock_seconds=QUESTION_SECONDS) as engine, engine.connect() as connection:
        # Not above: mapping the tables takes 0.7 s.
        from flows.batch.refresh_track_states import refresh_track_states

        refresh_track_states(engine)
        allowed = read_labels(settings.labels).training.allow
        tracks_without_split = count_tracks_without_split(connection, allowed)
        return Contents(
            counts=read.problems.counts(connection),
            champion=read.learning.champion(connection),
            coverage=read.views.playlist_coverage(connection),
            trainings=read.views.training_history(connection)[:TRAININGS],
            problems=read.problems.problems(connection),
            mixes=read.mixes.latest(connection, MIXES),
            troubles=read.providers.troubles(connection),
            new_tracks=_count_new_tracks(connection, allowed, tracks_without_split),
            tracks_without_split=tracks_without_split,
        )


def _count_new_tracks(
    connection: Connection, allowed: Sequence[str], tracks_without_split: int
) -> int | None:
    """Usable tracks since the last training, those without a split included; None where there was no training."""
    last = read.learning.last_training(connection)
    if last is None:
        return None
    new, _ = read.learning.count_new_tracks(connection, last.config_id, last.id, allowed)
    return new + tracks_without_split


def _runs(api: PrefectApi | None) -> tuple[list[Run], LastRuns, bool]:
    """Upcoming runs, the last ones, and whether there is a server that does not answer."""
    try:
        return (next_runs(api), last_runs(api, RUNS), False) if api else ([], LastRuns([], 0), False)
    except NoAnswerError:
        return [], LastRuns([], 0), True


def _document(
    settings: Settings, contents: Contents, up: State | None, upcoming: list[Run], past: LastRuns
) -> dict[str, Any]:
    return {
        "home": str(settings.home),
        "up": up is not None,
        "pages": up.place if up else None,
        "pages_login": str(login_file(settings.home)) if up and not settings.prefect_api_url else None,
        "tcp_port": up.tcp_port or None if up else None,
        "tcp_password_file": str(password_file(settings.home)) if up and up.tcp_port else None,
        "next_runs": [asdict(run) for run in upcoming],
        "last_runs": [asdict(run) for run in past.runs],
        "cancelled_at_once": past.cancelled_at_once,
        "new_tracks_since_training": contents.new_tracks,
        "tracks_without_split": contents.tracks_without_split,
        "counts": contents.counts._asdict(),
        "champion": contents.champion._asdict() if contents.champion else None,
        "coverage": [row._asdict() for row in contents.coverage],
        "trainings": [row._asdict() for row in contents.trainings],
        "problems": [row._asdict() for row in contents.problems],
        "mixes": [row._asdict() for row in contents.mixes],
        "services": [row._asdict() for row in contents.troubles],
    }


def _print_sentences(settings: Settings, contents: Contents, up: State | None) -> None:
    counts = contents.counts
    screen.entry("home", str(settings.home))
    screen.entry(
        "tracks",
        f"{counts.tracks} in {counts.playlists} playlists of {counts.labels} labels;"
        f" {counts.clips_ready} of {counts.clips} clips ready, {counts.clips_waiting} waiting",
    )
    _print_up(settings, up)
    if due := _when_due(settings, contents):
        screen.entry("due", due)
    champion = contents.champion
    if champion is None:
        screen.entry("model", "none yet: labelscope run")
        return
    screen.entry(
        "model",
        f"{champion.model_id} ({champion.architecture}): {show.accuracy(champion)},"
        f" {counts.tracks_predicted} tracks scored",
    )
    screen.entry("", f"balanced accuracy: {show.balanced_accuracy(champion)}")


def _print_up(settings: Settings, up: State | None) -> None:
    """Whether `labelscope up` runs in this home, and where its pages are."""
    if up:
        screen.entry("up", f"{up.place}, process {up.pid}")
        if up.place and not settings.prefect_api_url:
            screen.entry("", LOG_IN)
        if up.tcp_port:
            screen.entry("", f"the database is at 127.0.0.1:{up.tcp_port}: {TCP_LOGIN}")
    elif settings.prefect_api_url:
        screen.entry("up", f"not here; runs belong to {settings.prefect_api_url}")
    else:
        screen.entry("up", "no: labelscope up")


def _when_due(settings: Settings, contents: Contents) -> str | None:
    """When the next training is due; None where there are no usable tracks yet."""
    last = next((row for row in contents.trainings if row.status in ("completed", "refused")), None)
    if last is not None and last.status == "refused":
        return f"once tracks have changed: training {last.training_run_id} was refused. {last.reason}"
    if contents.new_tracks is not None:
        return (
            f"{contents.new_tracks} new usable tracks; the next training is due at"
            f" {settings.retrain_new_tracks}, if they are {settings.retrain_new_share:.0%} of the earlier ones"
        )
    if contents.tracks_without_split:
        return f"{contents.tracks_without_split} usable tracks are ready for the first training"
    return None


def _print_tables(contents: Contents, upcoming: list[Run], past: LastRuns, zone: ZoneInfo) -> None:
    status_tables.next_runs(upcoming, zone)
    status_tables.last_runs(past, zone)
    status_tables.mixes(contents.mixes, zone)
    status_tables.troubles(contents.troubles, zone)
    status_tables.coverage(contents.coverage)
    status_tables.trainings(contents.trainings, zone)
    status_tables.problems(contents.problems)
