"""Time and memory of an ingest of one long Spotify playlist. Fake services and ingest are separate processes.

Run as `python -m tests.flows.ingest.measured_ingest` it is that ingest, with the settings of the environment; it prints
one line of JSON.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from config.settings import Settings

ROOT = Path(__file__).parents[3]
NO_AUDIO = "[previews]\norder = []\n[features]\nspotify = false\n"


@dataclass(frozen=True, slots=True)
class Measured:
    """`members`: tracks in the playlist afterwards. `beyond_mb`: the peak memory above that before the ingest."""

    members: int
    seconds: float
    base_mb: float
    beyond_mb: float


def measured_ingest(entries: int, environment: Mapping[str, str]) -> Measured:
    """Ingest a list of so many tracks, without audio, into the home or database that `environment` names."""
    serve = ["-m", "tests.stand_ins.stand_ins", "--world", f"long:{entries}", "--configuration", NO_AUDIO]
    with subprocess.Popen(
        [sys.executable, *serve], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as services:
        assert services.stdout is not None and services.stdin is not None
        service_urls = json.loads(services.stdout.readline())
        ingest = subprocess.run(
            [sys.executable, "-m", "tests.flows.ingest.measured_ingest"],
            env={**os.environ, **service_urls, **environment},
            stdout=subprocess.PIPE,
            cwd=ROOT,
            check=True,
        )
        services.stdin.close()
    return Measured(**json.loads(ingest.stdout.splitlines()[-1]))


def memory_mb(name: str) -> float:
    """Memory of this process in MB: VmRSS is the current value, VmHWM the peak.

    From /proc, as getrusage would include the parent's memory at the time of the fork.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


def main() -> None:
    settings = Settings()
    from flows.home.environment import open_database, runtime

    with runtime(settings):
        from sqlalchemy import text

        from flows.ingest.flow import ingest

        base = memory_mb("VmRSS")
        begin = time.perf_counter()
        ingest()
        seconds, peak = time.perf_counter() - begin, memory_mb("VmHWM")
        with open_database(settings) as engine, engine.connect() as connection:
            query = "SELECT count(*) FROM playlist_tracks WHERE removed_at IS NULL"
            members = connection.execute(text(query)).scalar_one()
    measured = Measured(members, round(seconds, 1), round(base, 1), round(peak - base, 1))
    sys.stdout.write(json.dumps(asdict(measured)) + "\n")


if __name__ == "__main__":
    main()
