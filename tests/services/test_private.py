"""A home is for its owner only: it follows no link, shuts out other users, and passes no secret to a process."""

import ast
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
from services.locks import read_state
from services.postgres.server import embedded_postgres
from services.postgres.sockets import socket_folder
from services.private import PlaceRefused, make_folder, make_private, open_file

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534
ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away and be another user")
ONLY_PROC = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc")
SECRETS = {
    "SPOTIPY_CLIENT_SECRET": "of-spotify",
    "DATABASE_PASSWORD": "of-the-database",
    "AWS_SECRET_ACCESS_KEY": "of-someone-else",
}
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


def modes(folder: Path) -> set[int]:
    """The modes of all regular files and folders."""
    paths = [folder, *folder.rglob("*")]
    return {path.stat().st_mode & 0o777 for path in paths if path.is_dir() or path.is_file()}


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder that has nothing to do with Labelscope, and must stay as it is."""
    folder = tmp_path / "foreign"
    folder.mkdir(mode=0o755)
    (folder / "file").write_text("mine")
    (folder / "file").chmod(0o644)
    return folder


@pytest.fixture
def unchanged(foreign: Path) -> Callable[[], bool]:
    def look() -> tuple[Any, ...]:
        paths = [foreign, *sorted(foreign.rglob("*"))]
        return tuple((path, path.stat().st_uid, path.stat().st_mode, path.stat().st_size) for path in paths)

    before = look()
    return lambda: look() == before


@pytest.mark.parametrize(
    "place",
    ["postgres", "postgres/data", "postgres/data.new", "postgres/socket", "logs"],
)
def test_a_link_in_place_of_a_folder_is_refused_and_not_followed(
    cold_home: Path, used_data: Path, foreign: Path, unchanged: Callable[[], bool], place: str
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
    assert unchanged()


@pytest.mark.parametrize(
    "place",
    ["logs/postgres.log", "postgres/users.lock", "postgres/keeper.lock", "postgres/server.json.new"],
)
@pytest.mark.parametrize("obstacle", ["link", "pipe"])
def test_what_is_no_regular_file_is_refused_and_neither_followed_nor_waited_for(
    cold_home: Path, foreign: Path, unchanged: Callable[[], bool], place: str, obstacle: str
) -> None:
    file = cold_home / place
    file.parent.mkdir(parents=True)
    if obstacle == "link":
        file.symlink_to(foreign / "file")
    else:
        os.mkfifo(file)
    with pytest.raises(ServiceError), embedded_postgres(cold_home):
        pass
    assert unchanged()


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
def test_root_follows_no_link_of_another_user_to_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "roots" / "cache"
    cache.mkdir(parents=True)
    cache.chmod(0o755)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "roots")
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    for place in (link, link / "new"):
        monkeypatch.setenv("LABELSCOPE_HOME", str(place))
        with pytest.raises(HomeError, match="is a symbolic link of nobody, which root does not follow"):
            make_home(Settings())
    assert cache.stat().st_mode & 0o777 == 0o755


@ONLY_ROOT
def test_root_gives_its_server_data_and_sockets_and_follows_no_link_in_them(
    home: Path, foreign: Path, unchanged: Callable[[], bool]
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
    assert unchanged()


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


def test_an_open_home_is_made_private_and_named_and_no_link_followed(
    tmp_path: Path,
    foreign: Path,
    unchanged: Callable[[], bool],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    home = tmp_path / "home"
    for name in ("postgres/users.lock", "logs/up.log", "audio/ab/clip.mp3", "models/1/model.keras"):
        (home / name).parent.mkdir(parents=True)
        (home / name).touch()
    for path in (home, *home.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (home / "audio" / "link").symlink_to(foreign)
    (home / "audio" / "link to a file").symlink_to(foreign / "file")
    (home / "reports").symlink_to(foreign)
    monkeypatch.setenv("LABELSCOPE_HOME", str(home))
    make_home(Settings())
    message = capfd.readouterr().err
    assert (
        message == f"The home {home} was open to other users; it is yours alone now (11 files and folders).\n"
    )
    assert modes(home / "audio" / "ab") | modes(home / "postgres") | {home.stat().st_mode & 0o777} == {
        0o700,
        0o600,
    }
    assert unchanged()
    make_home(Settings())
    assert capfd.readouterr().err == ""


def test_a_folder_with_other_things_is_closed_only_where_it_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Documents", "audio"):
        (tmp_path / "me" / name).mkdir(parents=True)
        (tmp_path / "me" / name).chmod(0o755)
    (tmp_path / "me").chmod(0o755)
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "me"))
    make_home(Settings())
    found = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "me").iterdir()}
    assert found == {"Documents": 0o755, "audio": 0o700}
    assert (tmp_path / "me").stat().st_mode & 0o777 == 0o755


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


def test_the_name_of_a_socket_folder_cannot_be_taken_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", "/tmp")
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


@ONLY_PROC
def test_no_secret_reaches_the_keeper_or_the_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with embedded_postgres(home):
        state = read_state(home / "postgres")
        for process in (state.keeper, state.pid):
            environment = Path(f"/proc/{process}/environ").read_text()
            assert "PATH=" in environment
            assert not any(text in environment for pair in SECRETS.items() for text in pair)


def test_no_program_is_started_with_all_of_the_callers_environment() -> None:
    """Except our own Python, in `up --detach`, which reads its settings there."""
    bare = []
    files = [file for package in ("services", "flows", "cli") for file in (ROOT / package).rglob("*.py")]
    for file in sorted(files):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or "env" in {keyword.arg for keyword in node.keywords}:
                continue
            if ast.unparse(node.func).startswith(("subprocess.", "os.exec", "os.spawn")):
                bare.append(str(file.relative_to(ROOT)))
    assert bare == ["cli/commands/up.py"]


def test_make_private_changes_nothing_in_a_private_folder(tmp_path: Path) -> None:
    make_folder(tmp_path / "folder")
    (tmp_path / "folder" / "file").touch()
    (tmp_path / "folder" / "file").chmod(0o644)
    assert make_private(tmp_path / "folder") == 0
    (tmp_path / "folder").chmod(0o711)
    assert make_private(tmp_path / "folder") == 2
    assert modes(tmp_path / "folder") == {0o700, 0o600}
