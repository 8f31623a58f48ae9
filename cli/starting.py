"""What commands check and start before they begin: their input, their reason, the servers, the flow's module."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path

import typer
from sqlalchemy import Connection

from common.errors import LabelscopeError
from config.labels import Configuration, read_labels
from config.settings import Settings
from flows.home.environment import contain_library_caches, open_database, runtime
from flows.prefect_tools.console import SafeConsole
from flows.prefect_tools.progress_lines import progress_lines

READY = "Getting ready …"
Check = Callable[[Connection], object]


@contextmanager
def flow_ready(settings: Settings, module: str, check: Check | None = None) -> Iterator[None]:
    """Start the servers that a flow needs and import its module; the servers stay up for the block.

    This takes several seconds, so a terminal shows that something is going on. `check` runs as soon as the database is
    up, within about a second, and raises where the request cannot succeed.
    """
    with ExitStack() as stack:
        with SafeConsole(stderr=True).status(READY), progress_lines(lambda: READY):
            engine = stack.enter_context(open_database(settings))
            if check is not None:
                with engine.connect() as connection:
                    check(connection)
            stack.enter_context(runtime(settings))
            import_module(module)
        yield


def module_ready(settings: Settings, module: str) -> None:
    """Import a module that needs the caches of the home, but no Prefect server."""
    with SafeConsole(stderr=True).status(READY), progress_lines(lambda: READY):
        contain_library_caches(settings)
        import_module(module)


class NothingToReadError(LabelscopeError):
    """No playlist of labels.toml can be read. The message has the reason and the cure."""


def require_source(settings: Settings, crate: Path | None) -> None:
    """Check the crate, or else labels.toml, before anything is started or made for it.

    Playlists of Spotify that have to wait for a key are named at once. Raises CrateError, ConfigurationError, and
    NothingToReadError where there are no others.
    """
    crate = crate or settings.crate
    if crate is None:
        configuration = read_labels(settings.labels)
        if not settings.has_spotify_key:
            _defer_spotify(configuration)
    else:
        from sources.files.crate import label_folders  # not above: it imports NumPy

        label_folders(crate)


def _defer_spotify(configuration: Configuration) -> None:
    """Print how many playlists wait for a key. Raises NothingToReadError where all do."""
    providers = [reference.provider for reference in configuration.references]
    deferred = providers.count("spotify")
    if not deferred:
        return
    sentence = (
        f"{deferred} of {len(providers)} playlists deferred: no Spotify key; set SPOTIPY_CLIENT_ID and"
        " SPOTIPY_CLIENT_SECRET, or read your own music with `labelscope run DIR`."
    )
    if deferred == len(providers):
        raise NothingToReadError(sentence)
    typer.echo(sentence, err=True)


def require_reason(why: str) -> None:
    """Raises BadParameter for a reason without words."""
    if not why.strip():
        raise typer.BadParameter("The reason is empty: give one in words, or leave --why out.")


def path_problem(path: Path) -> tuple[str, str] | None:
    """Why there is no file at this path: a reason for programs, and a sentence with the cure. None: there may be one.

    It does not open the file: a file that cannot be read is found when it is read.
    """
    try:
        if path.is_dir():
            return "not_audio", f"{str(path)!r} is a folder; name the files in it."
        if not path.exists():
            return "missing", f"{str(path)!r} is not there; put it back, or name its new place."
    except OSError:  # such as a folder without permission to list it
        pass
    return None
