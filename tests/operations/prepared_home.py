"""A home after all stages, which tests copy before they kill processes of it."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.operations.commands import done
from tests.operations.growing_crate import GrowingCrate

NEVER = "0 0 1 1 *"
SETTINGS = {
    "LABELSCOPE_RETRAIN_NEW_TRACKS": "4",
    "LABELSCOPE_RETRAIN_NEW_SHARE": "0",
    "LABELSCOPE_EXTRACTION_BATCH": "2",
    "LABELSCOPE_PREDICTION_BATCH": "4",
    "LABELSCOPE_PIPELINE_CRON": NEVER,
    "LABELSCOPE_MAINTAIN_CRON": NEVER,
    "LABELSCOPE_REPORT_CRON": NEVER,
}


@dataclass(frozen=True)
class PreparedHome:
    """A home without processes, with a crate of two labels, whose tracks are extracted, trained on and scored."""

    home: Path
    crate: GrowingCrate
    settings: dict[str, str]  # environment variables, but for that of the home

    def environment(self, home: Path) -> dict[str, str]:
        """All environment variables of a command that works on that home."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
        return inherited | self.settings | {"LABELSCOPE_HOME": str(home)}

    def copy_to(self, home: Path) -> None:
        """Into a folder that is not there, or is empty."""
        home.mkdir(exist_ok=True)
        subprocess.run(["cp", "-a", f"{self.home}/.", home], check=True)


def prepare(folder: Path) -> PreparedHome:
    """Make one below a folder, with a crate of sixteen tracks, and four times as many to be added."""
    crate = GrowingCrate(folder / "crate")
    crate.add_files(16)
    # A cache of its own: a killed process may leave it half written, and other tests would read it.
    settings = SETTINGS | {
        "JAX_COMPILATION_CACHE_DIR": str(folder / "jax"),
        "LABELSCOPE_CRATE": str(crate.folder),
    }
    prepared = PreparedHome(folder / "home", crate, settings)
    done(prepared.environment(prepared.home), folder / "run.log", "run")
    return prepared
