"""Files and folders that the user may not read, tested in a process that is not root."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile as sf

REPOSITORY = Path(__file__).resolve().parents[3]

READ_AS_NOBODY = """
import os, sys
from pathlib import Path
from sources.files.crate import FolderSource
if os.geteuid() == 0:  # root may read everything
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
source = FolderSource(Path(sys.argv[1]))
for playlist in source.playlists():
    for result in source.entries(playlist, {}):
        sys.stdout.write(getattr(result, "reason", "entry") + " ")
"""


def test_what_may_not_be_read() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to nobody
        crate = Path(folder)
        crate.chmod(0o755)
        vault = crate / "label" / "vault"
        vault.mkdir(parents=True)
        for index, path in enumerate(
            [crate / "label" / "good.flac", crate / "label" / "secret.flac", vault / "b.flac"]
        ):
            sf.write(path, np.full(44_100, index / 10), 44_100)
        (crate / "label" / "secret.flac").chmod(0)
        vault.chmod(0)
        command = [sys.executable, "-c", READ_AS_NOBODY, str(crate)]
        run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
        vault.chmod(0o755)
    assert (run.stdout.split(), run.stderr) == (["entry", "unreadable", "unreadable"], "")
