"""A home's processes follow no link, open no file of another user, and let no other user in."""

import fcntl
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from flows.home.folder import HomeError, make_home
from services.keeper import ServiceError
from services.postgres.server import embedded_postgres
from services.private import PlaceRefused, make_folder, make_private, open_file
from tests.private_places import NOBODY, ONLY_ROOT, modes

HOLD = """
import fcntl, os, sys
try:
    lock = os.open(sys.argv[1], os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError as error:
    sys.exit(f"{type(error).__name__}")
"""


def as_nobody(code: str, *arguments: object) -> str:
    """What a process of another user writes to stderr: nothing where it succeeds."""
    command = ["/usr/bin/python3", "-c", code, *map(str, arguments)]
    done = subprocess.run(
        command,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.stderr.strip()


@pytest.mark.parametrize(
    "place",
    ["postgres", "postgres/data", "postgres/data.new", "postgres/socket", "logs"],
)
def test_a_link_in_place_of_a_folder_is_refused_and_not_followed(
    cold_home: Path, used_data: Path, foreign: Path, place: str
) -> None:
    link = cold_home / place
    link.parent.mkdir(parents=True)
    link.symlink_to(foreign)
    if place == "postgres/socket":
        subprocess.run(["cp", "-a", used_data, cold_home / "postgres" / "data"], check=True)
    refusal = pytest.raises(
        ServiceError, match=f"{place} is a symbolic link, which Labelscope does not follow"
    )
    with refusal, embedded_postgres(cold_home):
        pass


@pytest.mark.parametrize(
    "place",
    ["logs/postgres.log", "postgres/users.lock", "postgres/keeper.lock", "postgres/server.json.new"],
)
@pytest.mark.parametrize("obstacle", ["link", "pipe"])
def test_what_is_no_regular_file_is_refused_and_neither_followed_nor_waited_for(
    cold_home: Path, foreign: Path, place: str, obstacle: str
) -> None:
    file = cold_home / place
    file.parent.mkdir(parents=True)
    if obstacle == "link":
        file.symlink_to(foreign / "file")
    else:
        os.mkfifo(file)
    with pytest.raises(ServiceError), embedded_postgres(cold_home):
        pass


@ONLY_ROOT
def test_root_uses_no_home_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, NOBODY, NOBODY)
    (tmp_path / "link").symlink_to(theirs)
    for place in (theirs, tmp_path / "link"):
        monkeypatch.setenv("LABELSCOPE_HOME", str(place))
        with pytest.raises(
            HomeError, match=r"belongs to nobody, and root .* take it over with `chown -R root`"
        ):
            make_home(Settings())
        with pytest.raises(ServiceError, match="belongs to nobody"), embedded_postgres(place):
            pass
        with pytest.raises(PlaceRefused, match="belongs to nobody"):
            open_file(place / "users.lock", os.O_RDWR | os.O_CREAT)
    assert not any(theirs.iterdir()) and theirs.stat().st_uid == NOBODY


@ONLY_ROOT
def test_root_gives_its_server_data_and_sockets_and_follows_no_link_in_them(
    home: Path, foreign: Path
) -> None:
    data = home / "postgres" / "data"
    for name, target in (("link", foreign), ("base/link", foreign / "file")):
        (data / name).symlink_to(target)
    home.chmod(0o700)
    with embedded_postgres(home) as address:
        owners = {path.lstat().st_uid for path in (data, *data.rglob("*"), address.socket_dir)}
        assert owners == {NOBODY}
        mine = {path.stat().st_uid for path in (home, home / "postgres", *(home / "postgres").glob("*.*"))}
        assert mine == {0} and home.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("umask", [0, 0o077])
def test_all_in_a_new_home_is_its_owners_alone_whatever_the_umask(
    home: Path, start_user: Callable[..., Any], umask: int
) -> None:
    code = f"""
import os, sys
os.umask({umask})
from pathlib import Path
from services.postgres.server import embedded_postgres
with embedded_postgres(Path(sys.argv[1])) as server:
    print(server.socket_dir, flush=True)
    sys.stdin.readline()
"""
    data = home / "postgres" / "data"  # is there, as its making takes seconds; all else is new
    data.rename(home.parent / "data")
    data.parent.rmdir()
    home.rmdir()
    for folder in (home, data.parent):
        folder.mkdir(mode=0o700)
    (home.parent / "data").rename(data)
    user = start_user(home, code=code)
    user.inside()
    assert modes(home) == {0o700, 0o600}
    assert user.leave() == ""


@ONLY_ROOT
def test_another_user_can_neither_hold_a_lock_of_a_home_nor_look_into_it(home: Path) -> None:
    home.chmod(0o755)  # the locks are closed by themselves, not by the home alone
    with embedded_postgres(home) as address:
        for name in ("users.lock", "keeper.lock", "server.lock", "server.json"):
            (home / "postgres").chmod(0o755)
            assert as_nobody(HOLD, home / "postgres" / name) == "PermissionError"
        home.chmod(0o700)
        assert as_nobody("import os, sys; os.listdir(sys.argv[1])", home).endswith(
            "Permission denied: " + repr(str(home))
        )
        assert address.socket_dir.exists()


@ONLY_ROOT
def test_a_lock_file_of_an_earlier_version_is_closed(tmp_path: Path) -> None:
    lock = tmp_path / "users.lock"
    lock.touch()
    lock.chmod(0o644)
    descriptor = open_file(lock, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    os.close(descriptor)
    tmp_path.chmod(0o755)
    assert lock.stat().st_mode & 0o777 == 0o600


def test_make_private_changes_nothing_in_a_private_folder(tmp_path: Path) -> None:
    make_folder(tmp_path / "folder")
    (tmp_path / "folder" / "file").touch()
    (tmp_path / "folder" / "file").chmod(0o644)
    assert make_private(tmp_path / "folder") == 0
    (tmp_path / "folder").chmod(0o711)
    assert make_private(tmp_path / "folder") == 2
    assert modes(tmp_path / "folder") == {0o700, 0o600}
