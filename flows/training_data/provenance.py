"""Versions of everything that a training depends on, so that it can be repeated."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from services.environment import child_environment

LIBRARIES = ("labelscope", "keras", "jax", "numpy", "scikit-learn", "librosa", "soundfile", "soxr")


def versions() -> dict[str, str]:
    """Versions of Python and the libraries, the machine, and the revision of the code."""
    versions_of = {"python": platform.python_version(), "machine": platform.machine()}
    versions_of |= {name: version(name) for name in LIBRARIES}
    return versions_of | {"revision": code_revision()}


def code_revision() -> str:
    """The commit of the git checkout of this file, with `-dirty` after local changes; "released" without a checkout."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        described = subprocess.run(
            command,
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
            env=child_environment(),
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "released"
    return described.stdout.strip()
