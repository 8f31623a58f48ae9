"""docker-compose.yml and the Dockerfile, as far as they can be checked without a container engine."""

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from flows.home.environment import contain_library_caches
from services.prefect import server as prefect
from tests.operations.compose.compose import FILE, ROOT, VARIABLE, granted, read_compose

COMPOSE = read_compose()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = ("migrate", "deploy")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
HOME = Path("/var/lib/labelscope")


def program(name: str, *arguments: str) -> str:
    """The output of a program of this virtual environment, which has to end well."""
    done = subprocess.run(
        [Path(sys.executable).with_name(name), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_compose_file_is_of_the_compose_specification() -> None:
    program("check-jsonschema", "--builtin-schema", "vendor.compose-spec", FILE.name)


def test_the_dockerfile_has_nothing_that_hadolint_warns_of() -> None:
    assert program("hadolint", "Dockerfile") == ""


def test_whatever_a_service_names_is_there() -> None:
    for name, service in SERVICES.items():
        assert set(service.get("depends_on", {})) <= set(SERVICES), name
        assert set(service["networks"]) <= set(COMPOSE["networks"]), name
        for kind in ("secrets", "configs"):
            assert set(granted(service.get(kind, []))) <= set(COMPOSE[kind]), name
        mounted = {volume.split(":")[0] for volume in service["volumes"]}
        assert {volume for volume in mounted if "/" not in volume} <= set(COMPOSE["volumes"]), name
        for other, wanted in service.get("depends_on", {}).items():
            if wanted["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other], f"{name} waits for the health of {other}"
    for config in COMPOSE["configs"].values():
        assert (ROOT / config["file"]).is_file()


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_bounded_and_pinned(name: str) -> None:
    service = SERVICES[name]
    assert service["init"]
    assert service["read_only"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert re.search(r":[^:]*\d+\.\d+", service["image"]), "its version is not pinned"
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service
    assert service["restart"] == ("on-failure:3" if name in ONCE else "unless-stopped")
    assert ("healthcheck" in service) == (name not in ONCE)
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    for variable, value in service["environment"].items():
        if "PASSWORD" in variable or "SECRET" in variable:
            assert value.startswith("/run/secrets/"), f"{variable} is in the file"


def test_the_image_is_of_this_version_and_not_of_root() -> None:
    version = PROJECT["project"]["version"]
    ours = {name: service for name, service in SERVICES.items() if name != "postgres"}
    assert {service["image"] for service in ours.values()} == {f"labelscope:{version}"}
    assert [name for name, service in ours.items() if "build" in service] == ["migrate"]
    assert all(service["pull_policy"] == "never" for service in ours.values()), "whose would that be?"
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM")]
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases[0])
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001"]


def test_the_image_is_built_of_what_is_installed() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    packages = {name.rstrip("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert sent == packages | {"LICENSE", "README.md", "constraints.txt", "pretrained.txt", "pyproject.toml"}


def test_the_example_of_env_has_what_can_be_set_with_its_default() -> None:
    example = (ROOT / ".env.example").read_text()
    shown = dict(re.findall(r"^# ([A-Z_]+)=(.*?)(?: {2,}#.*)?$", example, re.MULTILINE))
    used = {found["name"]: found["default"] for found in VARIABLE.finditer(FILE.read_text()) if found["name"]}
    known = {}
    for name, setting in Settings.model_fields.items():
        variable = setting.validation_alias or f"LABELSCOPE_{name.upper()}"
        known[variable] = "" if setting.default is None else str(setting.default)
    assert shown.keys() >= used.keys()
    assert shown.items() <= (known | used).items()


def test_workers_find_what_a_home_sets_for_its_flows(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = prefect.client_environment(HOME, "http://prefect:4200/api")
    before = dict(os.environ)
    for name in ("MPLCONFIGDIR", "KERAS_HOME", "NUMBA_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    try:
        contain_library_caches(Settings(home=HOME))
        variables |= {name: os.environ[name] for name in ("LABELSCOPE_HOME", "MPLCONFIGDIR", "KERAS_HOME")}
    finally:
        os.environ.clear()
        os.environ.update(before)
    del variables["no_proxy"]  # other machines are meant
    for name in ("worker", "deploy", "migrate"):
        assert variables.items() <= SERVICES[name]["environment"].items()


def test_prefects_server_has_the_settings_that_it_has_in_a_home() -> None:
    here = SERVICES["prefect"]["environment"]
    days = Settings.model_fields["keep_runs_days"].default
    variables = prefect._server_environment(HOME, 4200, "", days)
    there = {name: value for name, value in variables.items() if name.startswith(("PREFECT_", "DO_NOT"))}
    del there["PREFECT_API_DATABASE_CONNECTION_URL"]  # by its parts here, so that the password stays apart
    assert there.items() <= here.items()
    more = {name for name in here if name not in there}
    own = ("PREFECT_SERVER_DATABASE_", "LABELSCOPE_PREFECT_")  # addresses, and the files of secrets
    assert all(name.startswith(own) for name in more - {"no_proxy"})


def test_a_command_that_runs_a_module_names_one_that_exists() -> None:
    modules = re.findall(r"-m,? ([a-z_.]+)", FILE.read_text())
    assert modules and [name for name in modules if importlib.util.find_spec(name) is None] == []
