"""A Dask cluster as people start one: a scheduler and workers, each a process of its own."""

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
    """Its scheduler's address; and its workers, each a nanny and what that has started, by name."""

    address: str
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def decoders(self) -> dict[str, list[int]]:
        """The processes that decode for each worker, by the worker's name."""
        with Client(self.address, set_as_default=False) as client:
            names = {address: told["id"] for address, told in client.scheduler_info(-1)["workers"].items()}
            found = client.run(_children)
            return {names[address]: children for address, children in found.items()}

    def models_loaded(self) -> list[int]:
        """How many times each worker has loaded one."""
        with Client(self.address, set_as_default=False) as client:
            return list(client.run(_models_loaded).values())

    def kill(self, name: str) -> None:
        """What a machine does that loses its power: the worker, its nanny and its decoders are gone at once."""
        os.killpg(self.workers[name].pid, signal.SIGKILL)
        self.workers[name].wait(10)


@contextmanager
def dask_cluster(folder: Path, environment: dict[str, str], workers: int = 2) -> Iterator[Cluster]:
    """Workers in that environment, and what they say in `folder`."""
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
