"""A container engine for tests: dockerd in a folder of its own, with Compose 2 and buildx beside it.

It needs Linux, root, and Debian with docker.io and debootstrap. Compose 2 comes from a later Debian: it is unpacked
in the folder, and nothing is installed. The engine ends with the block, and the rules of the machine's firewall are
put back.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.processes import wait_until

NEEDED = ("dockerd", "docker", "debootstrap", "apt-get", "dpkg", "iptables-save")
PLUGINS = {"docker-compose": "trixie", "docker-buildx": "trixie"}  # package → the Debian that has it
SEARCHED = os.environ["PATH"] + ":/usr/sbin:/sbin"
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
START_SECONDS = 60


def why_none() -> str | None:
    """Why no engine can be started here; None where one can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root on Linux can start a container engine"
    missing = [name for name in NEEDED if shutil.which(name, path=SEARCHED) is None]
    if missing:
        return f"{', '.join(missing)} missing: apt-get install docker.io debootstrap"
    return (
        None if debian_mirror() else "apt of this machine names no Debian to fetch Compose 2 and Python from"
    )


def debian_mirror() -> str | None:
    """Where apt of this machine gets Debian from; None where it is not one."""
    asked = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"]
    lines = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.splitlines()
    sites = [line.split()[1] for line in lines if line.startswith("Debian ") and "security" not in line]
    return sites[0] if sites else None


@dataclass(frozen=True)
class Engine:
    """A running engine."""

    folder: Path

    @cached_property
    def environment(self) -> dict[str, str]:
        own = {
            "DOCKER_HOST": f"unix://{self.folder / 'docker.sock'}",
            "DOCKER_CONFIG": str(self.folder / "cli"),
        }
        return os.environ | own | {"DOCKER_BUILDKIT": "1", "PATH": SEARCHED}

    def docker(self, *arguments: str | Path, folder: Path | None = None, ends_well: bool = True) -> str:
        """The output and errors of a Docker command, which has to end well, or to fail."""
        done = subprocess.run(
            ["docker", *arguments],
            cwd=folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) == ends_well, f"docker {' '.join(map(str, arguments))}\n{done.stdout}"
        return done.stdout

    def inspect(self, kind: str, name: str) -> Any:
        """The engine's data about an image, a container or the like; None where there is none of that name."""
        asked = ["docker", kind, "inspect", name]
        done = subprocess.run(asked, env=self.environment, capture_output=True, check=False)
        return json.loads(done.stdout)[0] if done.returncode == 0 else None


@contextmanager
def started_engine(folder: Path) -> Iterator[Engine]:
    """An engine that keeps all that it has in this folder, for the block."""
    engine = Engine(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _unpack_plugins(folder)
    rules = subprocess.run(["iptables-save"], env=engine.environment, capture_output=True, check=True).stdout
    forwarding = FORWARDING.read_text()
    places = [f"--data-root={folder / 'data'}", f"--exec-root={folder / 'exec'}"]
    reached = [f"--host=unix://{folder / 'docker.sock'}", f"--pidfile={folder / 'dockerd.pid'}"]
    with (folder / "dockerd.log").open("wb") as log:
        dockerd = subprocess.Popen(
            ["dockerd", *places, *reached],
            env=engine.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until(lambda: _answers(engine, dockerd), START_SECONDS)
        yield engine
    finally:
        _stop_containers(engine)
        dockerd.terminate()
        dockerd.wait(START_SECONDS)
        subprocess.run(["iptables-restore"], env=engine.environment, input=rules, check=True)
        FORWARDING.write_text(forwarding)


def _answers(engine: Engine, dockerd: subprocess.Popen[bytes]) -> bool:
    assert dockerd.poll() is None, (engine.folder / "dockerd.log").read_text()[-4000:]
    asked = subprocess.run(["docker", "info"], env=engine.environment, capture_output=True, check=False)
    return asked.returncode == 0


def _stop_containers(engine: Engine) -> None:
    """Those that are left: a container would outlive its engine."""
    listed = subprocess.run(
        ["docker", "ps", "--all", "--quiet"],
        env=engine.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if found := listed.stdout.split():
        subprocess.run(
            ["docker", "rm", "--force", *found], env=engine.environment, capture_output=True, check=False
        )


def _unpack_plugins(folder: Path) -> None:
    """Docker's programs for `compose` and `buildx`, from packages that are downloaded and not installed."""
    plugins = folder / "cli" / "cli-plugins"
    if plugins.is_dir():
        return
    apt = folder / "apt"
    (apt / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (apt / "cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    (apt / "sources.list").write_text(
        "".join(f"deb {debian_mirror()} {suite} main\n" for suite in sorted(set(PLUGINS.values())))
    )
    own = [f"Dir::Etc::SourceList={apt / 'sources.list'}", "Dir::Etc::SourceParts=-"]
    own += [f"Dir::State::Lists={apt / 'lists'}", f"Dir::Cache={apt / 'cache'}", "APT::Sandbox::User=root"]
    options = [word for option in own for word in ("-o", option)]
    for command in (["update"], ["download", *PLUGINS]):
        subprocess.run(["apt-get", "-qq", *options, *command], cwd=apt, check=True, capture_output=True)
    for package in apt.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, apt / "unpacked"], check=True)
    shutil.copytree(apt / "unpacked" / "usr" / "libexec" / "docker" / "cli-plugins", plugins)
