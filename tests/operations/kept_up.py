"""A home with `labelscope up` in it, for tests of requests and accidents."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from services import up_process
from services.prefect.login import basic, home_login
from tests.processes import wait_until

LABELSCOPE = Path(sys.executable).with_name("labelscope")


@dataclass
class KeptUp:
    """A home, the port of its pages, and its `labelscope up`."""

    home: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    more: dict[str, str] = field(default_factory=dict)  # environment variables

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
        return (
            inherited | {"LABELSCOPE_HOME": str(self.home), "LABELSCOPE_UI_PORT": str(self.port)} | self.more
        )

    def call(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """`labelscope` with some arguments, to its end."""
        return subprocess.run(
            [LABELSCOPE, *arguments], env=self.environment, capture_output=True, text=True, timeout=600
        )

    def start(self) -> None:
        """Start `labelscope up` and wait until it is ready; in a folder with another package `flows`."""
        log = self.home.with_suffix(".log").open("ab")
        folder = self.home.with_suffix(".folder")
        (folder / "flows").mkdir(parents=True, exist_ok=True)
        (folder / "flows" / "__init__.py").write_text("raise ImportError('This is another package.')\n")
        self.process = subprocess.Popen(
            [LABELSCOPE, "up"], env=self.environment, stdout=log, stderr=log, cwd=folder
        )
        wait_until(self._ready, 400)

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.home.with_suffix(".log").read_text()
        state = up_process.up_state(self.home)
        return state is not None and (state.pid, state.status) == (self.process.pid, "ready")

    def stop(self) -> int:
        """Press Ctrl-C; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    @property
    def pages(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, body: dict[str, Any]) -> Any:
        """Prefect's response to a POST."""
        headers = {"content-type": "application/json"} | basic(home_login(self.home))
        request = Request(f"{self.pages}/api{path}", json.dumps(body).encode(), headers)
        with urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def deployments(self) -> dict[str, dict[str, Any]]:
        """The timetable as Prefect has it, by the name of the flow."""
        return {row["entrypoint"].rpartition(".")[2]: row for row in self.ask("/deployments/filter", {})}

    def run(self, flow: str, **parameters: Any) -> str:
        """Start a flow as a person would in the browser; the id of its run."""
        deployment = self.deployments()[flow]["id"]
        body = {"state": {"type": "SCHEDULED"}, "parameters": parameters}
        return str(self.ask(f"/deployments/{deployment}/create_flow_run", body)["id"])

    def state_of(self, run: str) -> str:
        [row] = self.ask("/flow_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
        return str(row["state_type"])

    def wait_for(self, run: str, *states: str, seconds: float = 120) -> None:
        wait_until(lambda: self.state_of(run) in states, seconds)
