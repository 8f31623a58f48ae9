"""Contents of a home to compare, and commands that are killed while they save or restore it."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from config.settings import Settings
from tests.db.contents import contents
from tests.flows.inspection import rows

GoElsewhere = Callable[[], Engine]

ROOT = Path(__file__).resolve().parents[3]
AUDIO = b"a preview that two tracks share"
VIEWS = ("label_accuracy", "track_predictions", "model_list")
DYING = """
import sys
from cli.main import main
from tests.flows.ingest.killed.ingest_runner import die_at
die_at(*sys.argv.pop(1).split())
main()
"""


def audio_file() -> Path:
    sha256 = hashlib.sha256(AUDIO).hexdigest()
    return Settings().home / "audio" / sha256[:2] / f"{sha256}.mp3"


def everything(engine: Engine) -> dict[str, Any]:
    of_views = {view: sorted(rows(engine, f"SELECT * FROM {view}"), key=str) for view in VIEWS}
    with engine.connect() as connection:
        return {"rows": contents(connection, without=()), **of_views}


def files_of(home: Path) -> dict[str, bytes]:
    stores = [home / store for store in ("audio", "models", "spectrograms")]
    return {
        str(file.relative_to(home)): file.read_bytes()
        for store in stores
        for file in store.rglob("*")
        if file.is_file()
    }


def sentence(output: str) -> str:
    """The sentence of a refusal, which is one line."""
    [line] = output.strip().splitlines()
    return line


def begin(point: str, *arguments: object) -> int:
    """The exit status of a `labelscope` that is killed just before a call: "module function call"."""
    command = [sys.executable, "-c", DYING, point, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, check=False).returncode
