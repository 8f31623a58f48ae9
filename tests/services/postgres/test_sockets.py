"""The folder of the server's socket has a name that nobody can take before."""

import subprocess
from pathlib import Path

import pytest

from services.postgres.sockets import socket_folder


def test_the_name_of_a_socket_folder_cannot_be_taken_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    long = tmp_path / ("long-name-" * 20)
    places = [socket_folder(long, "") for _ in range(3)]
    try:
        assert len(set(places)) == 3
        assert socket_folder(long, str(places[0])) == places[0]  # clients go on after a restart
        places[0].parent.chmod(0o755)  # as one that somebody else has made
        again = socket_folder(long, str(places[0]))
        places.append(again)
        assert again not in places[:3]
        places[1].rmdir()
        places[1].parent.rmdir()
        places[1].parent.symlink_to(tmp_path)
        again = socket_folder(long, str(places[1]))
        places.append(again)
        assert again not in places[:4] and not any(tmp_path.iterdir())
        places[1].parent.unlink()
    finally:
        for place in places:
            subprocess.run(["rm", "-rf", place.parent], check=True)
