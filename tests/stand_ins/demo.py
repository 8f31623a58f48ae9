"""The whole pipeline against stand-ins of Spotify and Deezer on this machine: `make demo-spotify`.

Everything is made up: the labels, the playlists, the music. What runs is the real thing: spotipy and the HTTP client,
PostgreSQL, Prefect, the decoder, the network. The run is made twice, as a schedule would.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.stand_ins.music import demo_world
from tests.stand_ins.stand_ins import stand_ins

# Made-up music on made-up lists may be learnt from; for true ones read the terms in config/labels.toml first.
ALLOW = '[training]\nallow = ["spotify", "deezer"]\n'
COVERAGE = (
    "SELECT label, entries, tracks, with_audio, without_audio, ambiguous, left_out FROM playlist_coverage"
)


def main() -> None:
    """Render the music, serve it, run twice, and show what there is."""
    home = Path(os.environ.get("LABELSCOPE_HOME", ".labelscope")).absolute() / "demo-spotify"
    say("Rendering the made-up music (a minute or two, once) …")
    world = demo_world(home / "previews")
    with stand_ins(world, configuration=ALLOW) as services:
        elsewhere = ("DATABASE_URL", "PREFECT_API_URL")
        environment = {name: value for name, value in os.environ.items() if name not in elsewhere}
        environment |= services.environment | {"LABELSCOPE_HOME": str(home)}
        for command in (["run"], ["run"], ["sql", COVERAGE]):
            services.dial.forget()
            say(f"\n$ labelscope {' '.join(command)}")
            labelscope = Path(sys.executable).with_name("labelscope")
            subprocess.run([labelscope, *command], env=environment, check=True)
            asked = ", ".join(f"{len(lines)} of {name}" for name, lines in services.requests.items())
            if asked:
                say(f"Requests: {asked}.")
    say(f"\nAll of it is made up and lies in {os.path.relpath(home)}.")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
