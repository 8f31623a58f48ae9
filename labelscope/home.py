"""A home, opened for queries and predictions. Heavy libraries are imported inside the methods that need them."""

import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from common.errors import LabelscopeError
from labelscope.results import Mix, Prediction

if TYPE_CHECKING:
    from pandas import DataFrame

    from config.settings import Settings


class ClosedError(LabelscopeError):
    """A method of a closed home was called."""


def open(home: str | PathLike[str] | None = None, *, timeout_seconds: int = 30) -> "Home":
    """Open a home, and start its PostgreSQL unless it runs.

    Use it in `with`, or call `close()` at the end. Settings such as DATABASE_URL come from the environment, as for the
    command line.

    Args:
        home: Its folder; without it that of LABELSCOPE_HOME, or else `.labelscope` in the working directory.
        timeout_seconds: The longest time for a query.

    Raises:
        LabelscopeError: There is no home, or its database cannot be used.
    """
    return Home(home, timeout_seconds)


class Home:
    """An open home; `labelscope.open()` returns it."""

    def __init__(self, home: str | PathLike[str] | None, timeout_seconds: int) -> None:
        from config.settings import Settings
        from db.roles import READER
        from flows.home.environment import contain_model_caches, open_database
        from flows.home.folder import require_home

        self._settings = Settings() if home is None else Settings(home=Path(home))
        self._timeout_seconds = timeout_seconds
        self._is_open = True
        with ExitStack() as stack, _errors():
            require_home(self._settings)
            self._engine = stack.enter_context(open_database(self._settings, READER))
            contain_model_caches(self._settings)
            self._opened = stack.pop_all()

    def sql(self, query: str, **parameters: Any) -> "DataFrame":
        """The rows of one statement, which can read everything and change nothing.

        Write `%(name)s` in the query for the parameter `name`, and then `%%` for a percent sign:
        `home.sql("SELECT * FROM track_predictions WHERE label = %(label)s", label="Kompakt")`.

        Raises:
            LabelscopeError: PostgreSQL refuses the statement, or it takes longer than `timeout_seconds`.
        """
        self._require_open()
        from pandas import DataFrame

        from db.engine import read_only
        from flows.home.postgres_errors import query_errors

        with (
            query_errors(query, self._timeout_seconds, "timeout_seconds"),
            read_only(self._engine, query, self._timeout_seconds, sys.maxsize, parameters or None) as answer,
        ):
            return DataFrame.from_records(list(answer.rows), columns=answer.columns, coerce_float=True)

    def predict(self, path: str | PathLike[str]) -> Prediction:
        """What an audio file sounds like, by the model in use. Nothing is stored.

        The first call takes some seconds to load the model.

        Raises:
            LabelscopeError: No model is in use, or the file cannot be used.
        """
        settings = self._require_open()
        file = Path(path).expanduser()
        with _errors():
            from flows.checks.files import UnusableFileError
            from flows.scoring.files import score_files

            [scored] = score_files(settings, [file])
        if scored.problem is not None:
            raise UnusableFileError(scored.problem)
        nearest, confidence = scored.ranking[0]
        label = nearest if scored.known else None
        return Prediction(file, label, nearest, confidence, dict(scored.ranking), scored.learnt)

    def mix(self, path: str | PathLike[str]) -> Mix:
        """Which labels a recording of a minute or more sounds like over time, by the model in use.

        The same as `labelscope mix`, but nothing is stored, and a file that was analysed before is analysed again.

        Raises:
            LabelscopeError: No model is in use, the file cannot be used, or the taste in labels.toml is invalid.
        """
        settings = self._require_open()
        with _errors():
            from flows.mix.analysis import analyse_and_judge
            from labelscope.mixes import mix_of

            return mix_of(analyse_and_judge(settings, Path(path).expanduser().absolute()))

    def similar(
        self,
        track_or_path: str | PathLike[str],
        number: int = 10,
        *more: str | PathLike[str],
        tempo: tuple[float, float] | None = None,
        key: str | None = None,
        per_artist: int | None = None,
        without: Iterable[str | PathLike[str]] = (),
    ) -> "DataFrame":
        """The tracks that sound most like a track, like several, or like an audio file, the most similar first.

        Distance is 0 for the same sound, and about 1 for nothing in common. A warning names the track
        that was taken for an inexact name.

        Args:
            track_or_path: 'Artist - Title', a part of it, or the path of an audio file. Nothing is stored.
            number: How many tracks.
            more: Further tracks; then it is the mean of all that counts.
            tempo: The slowest and the fastest tempo, in beats per minute.
            key: A key in Camelot's notation such as "8A", or "compatible" with the tracks.
            per_artist: At most so many tracks of an artist.
            without: Audio files to leave out.

        Returns:
            Columns track_id, artists, title, label, predicted and distance.

        Raises:
            LabelscopeError: There is no such track or file, the file cannot be used, or no model is in use.
        """
        settings = self._require_open()
        with _errors():
            from pandas import DataFrame

            from db.read.embeddings import SimilarTrack
            from flows.similar.similar import Wishes, similar, similar_to_all

            left_out = frozenset(Path(path).expanduser().absolute() for path in without)
            wishes = Wishes(tempo, key, per_artist, left_out)
            if more or wishes != Wishes():
                found = similar_to_all(settings, [str(track_or_path), *map(str, more)], number, wishes)
            else:
                found = similar(settings, str(track_or_path), number)
        if found.is_guess:
            warnings.warn(str(found.remark), stacklevel=2)
        return DataFrame.from_records(found.rows, columns=SimilarTrack._fields)

    def close(self) -> None:
        """Disconnect; PostgreSQL stops after its last user. A second call does nothing."""
        self._is_open = False
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<labelscope.Home {str(self._settings.home)!r}{'' if self._is_open else ', closed'}>"

    def _require_open(self) -> "Settings":
        if not self._is_open:
            raise ClosedError("This home is closed: open it again with labelscope.open().")
        return self._settings


@contextmanager
def _errors() -> Iterator[None]:
    """Raises LabelscopeError for errors of PostgreSQL, and restores the umask: the process has files of its own."""
    from flows.home.postgres_errors import DatabaseError, database_sentence
    from flows.home.umask import restored

    with restored():
        try:
            yield
        # Every kind: errors that have no sentence are raised again.
        except Exception as error:
            if (sentence := database_sentence(error)) is None:
                raise
            raise DatabaseError(sentence) from error
