"""docker-compose.yml as Docker Compose reads it: anchors merged, variables filled in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+):-(?P<default>[^}]*)\})")


def read_compose(variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The whole file, with these variables as if they were in .env."""
    return _filled(yaml.safe_load(FILE.read_text()), variables or {})


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner, variables) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, variables) for inner in value]
    if isinstance(value, str):
        return VARIABLE.sub(
            lambda found: "$" if found["dollar"] else variables.get(found["name"]) or found["default"], value
        )
    return value


def granted(entries: list[Any]) -> dict[str, str]:
    """Name in the file → name in the container, of what a service is given of its secrets or configs."""
    return {
        (entry if isinstance(entry, str) else entry["source"]): (
            entry if isinstance(entry, str) else entry["target"]
        )
        for entry in entries
    }
