"""What a command sees to before it can begin: that what it is to read is there, and that the servers run."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path

from sqlalchemy import Connection

from config.labels import read_labels
from config.settings import Settings
from flows.home.environment import contain_library_caches, open_database, runtime
from flows.prefect_tools.console import SafeConsole

READY = "Getting ready …"
Judge = Callable[[Connection], object]


@contextmanager
def started(settings: Settings, module: str, judge: Judge | None = None) -> Iterator[None]:
    """The servers that a flow needs, with the module of that flow imported.

    It takes several seconds; people at a terminal see that something is going on. The database is there within one of
    them: `judge` asks it first whether the request can succeed, and raises where it cannot.
    """
    with ExitStack() as stack:
        with SafeConsole(stderr=True).status(READY):
            engine = stack.enter_context(open_database(settings))
            if judge is not None:
                with engine.connect() as connection:
                    judge(connection)
            stack.enter_context(runtime(settings))
            import_module(module)
        yield


def get_ready(settings: Settings, module: str) -> None:
    """The same for what needs no Prefect."""
    with SafeConsole(stderr=True).status(READY):
        contain_library_caches(settings)
        import_module(module)


def require_source(settings: Settings, crate: Path | None) -> None:
    """Look at the crate, or else at labels.toml, before anything is started or made for it.

    Raises CrateError or ConfigurationError.
    """
    crate = crate or settings.crate
    if crate is None:
        read_labels(settings.labels)
    else:
        from sources.files.crate import label_folders  # not above: it brings NumPy along

        label_folders(crate)


def no_file(path: Path) -> tuple[str, str] | None:
    """Why nothing is to be heard, as far as a glance tells: a reason, and a sentence with the cure. None: it can."""
    try:
        if path.is_dir():
            return "not_audio", f"{str(path)!r} is a folder; name the files in it."
        if not path.exists():
            return "missing", f"{str(path)!r} is not there; put it back, or name the place that it has now."
    except OSError:  # such as a folder that may not be looked into: reading it will say so
        pass
    return None
