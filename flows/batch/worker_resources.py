"""What batches need and cannot take along: the database, and the processes that decode.

Batches travel as ids. Those that stay in the flow's process use what the flow has opened for its run, and lends them; a
worker of a cluster opens its own, by its own environment, and keeps it for as long as it lives.

Tasks say `resources.DATABASE`, with the module's name: Prefect sends a task's code with all that it names, but of a
module the name alone.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from contextvars import ContextVar
from multiprocessing.util import Finalize
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy import Engine

from config.settings import Settings
from flows.batch.decoder_pool import Schedule, decoders
from flows.home.environment import open_database

Thing = TypeVar("Thing")


class Resource(Generic[Thing]):
    """Something that is opened once: by a flow for its run, or by a worker for good."""

    def __init__(self, opened: Callable[[Settings], AbstractContextManager[Thing]]) -> None:
        self._opened = opened
        self._lent: ContextVar[Thing] = ContextVar("lent")
        self._own: list[Thing] = []
        self._opening = Lock()  # a worker's threads may come at once
        self._for_good = ExitStack()

    @contextmanager
    def provided(self, thing: Thing) -> Iterator[None]:
        """Whatever this flow runs in its own process finds this one, for the block."""
        token = self._lent.set(thing)
        try:
            yield
        finally:
            self._lent.reset(token)

    def get(self) -> Thing:
        """The one to use, wherever this is called."""
        try:
            return self._lent.get()
        except LookupError:
            return self._of_the_worker()

    def _of_the_worker(self) -> Thing:
        with self._opening:
            if not self._own:
                self._own.append(self._for_good.enter_context(self._opened(Settings())))
                # Before multiprocessing ends this process' children, which the pool would start again.
                Finalize(None, self._let_go, exitpriority=1)
            return self._own[0]

    def _let_go(self) -> None:
        """As after a failure: a worker that ends waits for no clip, since its batch goes to another one."""
        with suppress(SystemExit), self._for_good:
            raise SystemExit


DATABASE: Resource[Engine] = Resource(open_database)
DECODERS: Resource[Schedule] = Resource(decoders)
