"""What a training was run with, so that it can be repeated."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from services.environment import child_environment

LIBRARIES = ("labelscope", "keras", "jax", "numpy", "scikit-learn", "librosa", "soundfile", "soxr")


def versions() -> dict[str, str]:
    """Python, machine, libraries, and the revision of the code where it runs from a git checkout."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    found |= {name: version(name) for name in LIBRARIES}
    return found | {"revision": code_revision()}


def code_revision() -> str:
    """The commit of the checkout that this file lies in, with `-dirty` where it was changed; else "released"."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        answer = subprocess.run(
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
    return answer.stdout.strip()
