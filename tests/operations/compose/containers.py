"""What Docker Compose does with docker-compose.yml, with processes in place of containers.

Commands, variables, secrets, health checks and the order of starting are those of the file. What stands for a mounted
folder, another service's name or a published port is replaced by a folder and ports of this machine. What an engine
would add is missing: images, users, networks, read-only file systems, limits.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from services.ports import free_port
from services.postgres.server import postgres_server
from services.prefect.api import PrefectApi
from tests.operations.compose.compose import ROOT, granted, read_compose
from tests.processes import processes_with, wait_until
from tests.services.postgres.own_postgres import own_postgres

MARK = "STANDS_FOR_CONTAINER"
PROGRAMS = Path(sys.executable).parent
START_SECONDS = 180
STOP_SECONDS = 60


@dataclass
class Container:
    """One process with all that it starts."""

    name: str
    service: dict[str, Any]
    environment: dict[str, str]
    replacements: list[tuple[str, str]]
    log: Path
    main: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.main = subprocess.Popen(
                self._here(self.service["command"]),
                cwd=self.log.parent,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def execute(self, *command: str) -> str:
        """What `docker compose exec` prints; the command has to end well."""
        done = subprocess.run(
            self._here(command),
            cwd=self.log.parent,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def is_healthy(self) -> bool:
        assert self.main is not None
        assert self.main.poll() is None, f"{self.name} has ended:\n{self.log.read_text()[-4000:]}"
        form, *command = self.service["healthcheck"]["test"]
        assert form == "CMD"
        asked = subprocess.run(self._here(command), env=self.environment, capture_output=True, check=False)
        return asked.returncode == 0

    def complete(self) -> None:
        """Wait until it has ended well."""
        assert self.main is not None
        assert self.main.wait(START_SECONDS) == 0, f"{self.name} has failed:\n{self.log.read_text()[-4000:]}"

    @property
    def processes(self) -> list[int]:
        return processes_with(f"{MARK}={self.name}")

    def kill(self) -> None:
        """The end of a container whose first process is killed: the kernel kills all of its processes."""
        while found := self.processes:
            for process in found:
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            if self.main is not None:
                self.main.wait()

    def stop(self) -> bool:
        """As `docker compose stop` does; whether it ended by itself."""
        if self.main is None or self.main.poll() is not None:
            return True
        self.main.terminate()
        try:
            self.main.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        return True

    def _here(self, command: Sequence[str]) -> list[str]:
        return [translated(word, self.replacements) for word in command]


@dataclass
class Server:
    """The containers of one docker-compose.yml, in one folder; `variables` are the contents of .env."""

    folder: Path
    compose: dict[str, Any]
    variables: dict[str, str]
    secrets: dict[str, str]
    postgres_port: int
    prefect_port: int = field(default_factory=free_port)
    containers: dict[str, Container] = field(default_factory=dict)

    @property
    def api(self) -> PrefectApi:
        """Prefect's API, with the login from the secret."""
        return PrefectApi(f"http://127.0.0.1:{self.prefect_port}/api", self.secrets["prefect_login"])

    def up(self, scale: dict[str, int]) -> None:
        """Start every service after those that it waits for, and wait until all are healthy."""
        services = self.compose["services"]
        order = TopologicalSorter({name: service.get("depends_on", {}) for name, service in services.items()})
        for name in order.static_order():
            if name == "postgres":
                continue  # it runs already
            for number in range(1, scale.get(name, 1) + 1):
                container = self.make(name, number)
                container.start()
            for other in self._instances(name):
                if "healthcheck" in other.service:
                    wait_until(other.is_healthy, START_SECONDS)
                else:
                    other.complete()

    def stop(self) -> None:
        """In the reverse order, as Compose does."""
        for container in reversed(self.containers.values()):
            container.stop()

    def _instances(self, service: str) -> list[Container]:
        return [one for one in self.containers.values() if one.name.startswith(f"{service}-")]

    def make(self, service_name: str, number: int = 1) -> Container:
        """A container that is not started yet; commands may be executed in it all the same."""
        name = f"{service_name}-{number}"
        service = self.compose["services"][service_name]
        secrets = self.folder / "containers" / name / "secrets"
        secrets.mkdir(parents=True)
        for secret, target in granted(service.get("secrets", [])).items():
            (secrets / target).write_text(self.secrets[secret])
        replacements = [("/run/secrets", str(secrets)), *self._mounts(service), *self._addresses()]
        environment = {
            "PATH": f"{PROGRAMS}:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "JAX_COMPILATION_CACHE_DIR": os.environ["JAX_COMPILATION_CACHE_DIR"],
            "LABELSCOPE_SECRETS": str(secrets),
            MARK: name,
        }
        if "env_file" in service:
            environment |= self.variables
        environment |= {key: translated(value, replacements) for key, value in service["environment"].items()}
        if service_name == "worker":  # they share this machine, where containers have addresses of their own
            port = str(free_port())
            environment["PREFECT_WORKER_WEBSERVER_PORT"] = port
            replacements.append((r"\b8080\b", port))
        container = Container(name, service, environment, replacements, secrets.parent / "log")
        self.containers[name] = container
        return container

    def _mounts(self, service: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Folders and files of the container, and what they are here: the deepest first."""
        places = {}
        for volume in service["volumes"]:
            source, target = volume.split(":")[:2]
            place = Path(source) if "/" in source else self.folder / "volumes" / source
            place.mkdir(parents=True, exist_ok=True)
            places[target] = str(place)
        for config, target in granted(service.get("configs", [])).items():
            places[target] = str(ROOT / self.compose["configs"][config]["file"])
        yield from sorted(places.items(), key=lambda place: -len(place[0]))

    def _addresses(self) -> Iterator[tuple[str, str]]:
        yield r"\b(postgres|prefect)(?=:\d)|^postgres$|\b0\.0\.0\.0\b", "127.0.0.1"
        yield r"\b5432\b", str(self.postgres_port)
        yield r"\b4200\b", str(self.prefect_port)


@contextmanager
def small_server(folder: Path, secrets: dict[str, str], variables: dict[str, str]) -> Iterator[Server]:
    """A PostgreSQL with an empty database, and the other services of the file, not yet started."""
    data = folder / "postgres"
    data.mkdir()
    with ExitStack() as stack:
        port = stack.enter_context(own_postgres(data, "postgres", secrets["owner_password"]))
        server = Server(folder, read_compose(variables), variables, secrets, port)
        _first_start(server)
        stack.callback(server.stop)
        yield server


def _first_start(server: Server) -> None:
    """What the entrypoint of PostgreSQL's image does in an empty volume, once it has made the data folder."""
    service = server.compose["services"]["postgres"]
    subprocess.run(
        [
            postgres_server(server.folder).binaries / "createdb",
            *("--host=127.0.0.1", f"--port={server.postgres_port}", "--username=postgres"),
            service["environment"]["POSTGRES_DB"],
        ],
        env=os.environ | {"PGPASSWORD": server.secrets["owner_password"]},
        check=True,
        capture_output=True,
    )


def translated(word: str, replacements: Sequence[tuple[str, str]]) -> str:
    """A word of the file as it has to read on this machine."""
    for pattern, here in replacements:
        word = re.sub(pattern, lambda _, here=here: here, word)
    return word
