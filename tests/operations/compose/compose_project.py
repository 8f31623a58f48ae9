"""A checkout whose docker-compose.yml an engine runs, under a name of its own: secrets, settings and commands."""

import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.ports import free_port
from services.prefect.api import PrefectApi
from tests.operations.compose.compose import ROOT
from tests.operations.compose.engine import Engine

SECRETS = ("owner_password", "pipeline_password", "prefect_password")


@dataclass(frozen=True)
class Project:
    """Everything of one docker-compose.yml."""

    engine: Engine
    folder: Path
    name: str
    port: int = field(default_factory=free_port)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def api(self) -> PrefectApi:
        """Prefect's API, as the owner of the machine reaches it."""
        return PrefectApi(f"http://127.0.0.1:{self.port}/api", self.secrets["prefect_login"])

    def compose(self, *arguments: str, ends_well: bool = True) -> str:
        """The output of `docker compose`, which has to end well, or to fail."""
        return self.engine.docker(
            "compose", "--project-name", self.name, *arguments, folder=self.folder, ends_well=ends_well
        )

    def execute(self, service: str, *command: str) -> str:
        """What a command prints in the running container of that service."""
        return self.compose("exec", "-T", service, *command)

    def inspect(self, service: str) -> Any:
        """The engine's data about the first container of that service."""
        return self.engine.inspect("container", f"{self.name}-{service}-1")

    def is_settled(self) -> bool:
        """Whether servers and workers are healthy, and services that run once have ended."""
        lines = self.compose("ps", "--all", "--format", "json").splitlines()
        rows = [json.loads(line) for line in lines if line.startswith("{")]
        return all(
            row["ExitCode"] == 0 and row["State"] == "exited"
            if row["Service"] in ("migrate", "deploy")
            else row["Health"] == "healthy"
            for row in rows
        )

    def set_variable(self, name: str, value: str) -> None:
        """Another line in .env."""
        with (self.folder / ".env").open("a") as file:
            file.write(f"{name}={value}\n")

    def write_secret(self, name: str, text: str) -> None:
        """Write a secret as the page describes: readable by all, in a folder that only its owner may enter."""
        self.secrets[name] = text
        file = self.folder / "secrets" / name
        file.write_text(f"{text}\n" if text else "")
        file.chmod(0o644)

    def secret_files(self) -> list[Path]:
        return sorted((self.folder / "secrets").iterdir())


@contextmanager
def new_project(engine: Engine, folder: Path, name: str, variables: Mapping[str, str]) -> Iterator[Project]:
    """A copy of this checkout with new secrets; its containers and volumes go with the block."""
    _copy_checkout(folder)
    (folder / "music").mkdir(mode=0o755)
    (folder / "secrets").mkdir(mode=0o700)
    project = Project(engine, folder, name)
    for secret in SECRETS:
        project.write_secret(secret, secrets.token_hex(24))
    project.write_secret("prefect_login", f"labelscope:{secrets.token_hex(24)}")
    project.write_secret("spotipy_client_secret", "")
    for variable, value in {"LABELSCOPE_UI_PORT": str(project.port), **variables}.items():
        project.set_variable(variable, value)
    try:
        yield project
    finally:
        engine.docker(
            "compose", "--project-name", name, "down", "--volumes", "--timeout", "10", folder=folder
        )


def _copy_checkout(folder: Path) -> None:
    """What git has, or would add."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
