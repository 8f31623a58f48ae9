"""A Dask cluster as a person starts one: a scheduler and workers, each in its own process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import active_children
from pathlib import Path

from distributed import Client

from services.ports import free_port

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Cluster:
    """The scheduler's address, and the worker processes by name. A worker is a nanny and its children."""

    address: str
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def decoders(self) -> dict[str, list[int]]:
        """The ids of the decoder processes of each worker, by its name."""
        with Client(self.address, set_as_default=False) as client:
            names = {
                address: worker["id"] for address, worker in client.scheduler_info(-1)["workers"].items()
            }
            children = client.run(_children)
            return {names[address]: pids for address, pids in children.items()}

    def models_loaded(self) -> list[int]:
        """How many times each worker has loaded a model."""
        with Client(self.address, set_as_default=False) as client:
            return list(client.run(_models_loaded).values())

    def kill(self, name: str) -> None:
        """Kill a worker, its nanny and its decoders at once, as when its machine loses power."""
        os.killpg(self.workers[name].pid, signal.SIGKILL)
        self.workers[name].wait(10)


@contextmanager
def dask_cluster(folder: Path, environment: dict[str, str], workers: int = 2) -> Iterator[Cluster]:
    """A cluster with that environment; its logs are in `folder`."""
    address = f"tcp://127.0.0.1:{free_port()}"
    cluster = Cluster(address)
    nowhere = ["--no-dashboard", "--host", "127.0.0.1"]
    port = address.rpartition(":")[2]
    scheduler = _start("scheduler", folder, environment, ["scheduler", "--port", port, *nowhere])
    try:
        for number in range(workers):
            name = f"worker-{number}"
            scratch = ["--local-directory", str(folder / name)]
            options = ["--name", name, "--nthreads", "1", *scratch, *nowhere]
            cluster.workers[name] = _start(name, folder, environment, ["worker", address, *options])
        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        yield cluster
    finally:
        for process in [*cluster.workers.values(), scheduler]:
            if process.poll() is None:
                process.terminate()
        for process in [*cluster.workers.values(), scheduler]:
            process.wait(30)


def _start(
    name: str, folder: Path, environment: dict[str, str], arguments: list[str]
) -> subprocess.Popen[bytes]:
    daemon = {"DASK_DISTRIBUTED__WORKER__DAEMON": "False"}
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            cwd=ROOT,
            env=environment | daemon,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _children() -> list[int]:
    return [child.pid for child in active_children() if child.pid is not None]


def _models_loaded() -> int:
    from flows.scoring.model_cache import loaded_model

    return loaded_model.cache_info().misses
