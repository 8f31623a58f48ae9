"""Resources of batches that cannot be pickled: the database engine and the decoder processes.

Batches are sent as ids. Batches in the flow's process use the resources that the flow has opened for its run. A
worker of a cluster opens its own, from its own environment, and keeps them until it ends.

Tasks write `worker_resources.DATABASE`, with the module's name. Prefect pickles a task's code with all objects that it
names, but a module by its name alone.
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

Value = TypeVar("Value")


class Resource(Generic[Value]):
    """A resource that is opened once: by a flow for its run, or by a worker until it ends."""

    def __init__(self, open_resource: Callable[[Settings], AbstractContextManager[Value]]) -> None:
        self._open = open_resource
        self._of_flow: ContextVar[Value] = ContextVar("of_flow")
        self._of_worker: list[Value] = []
        # A worker's threads may need the resource at the same time.
        self._opening = Lock()
        self._until_exit = ExitStack()

    @contextmanager
    def provided(self, value: Value) -> Iterator[None]:
        """Batches that this flow runs in its own process get this value, for the block."""
        token = self._of_flow.set(value)
        try:
            yield
        finally:
            self._of_flow.reset(token)

    def get(self) -> Value:
        """The flow's value in the flow's process, else the worker's own."""
        try:
            return self._of_flow.get()
        except LookupError:
            return self._open_in_worker()

    def _open_in_worker(self) -> Value:
        with self._opening:
            if not self._of_worker:
                self._of_worker.append(self._until_exit.enter_context(self._open(Settings())))
                # Closes before multiprocessing ends this process' children: the pool would start them again.
                Finalize(None, self._close, exitpriority=1)
            return self._of_worker[0]

    def _close(self) -> None:
        """Close as after a failure: an ending worker waits for no clip, as another worker gets its batch."""
        with suppress(SystemExit), self._until_exit:
            raise SystemExit


DATABASE: Resource[Engine] = Resource(open_database)
DECODERS: Resource[Schedule] = Resource(decoders)
