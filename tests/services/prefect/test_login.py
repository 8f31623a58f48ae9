"""The login of a home: for its owner only, the same for concurrent processes, and never sent to another server."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from services.keeper import ServiceError
from services.prefect.login import GIVEN, GIVEN_FILE, given_login, home_login, is_login, login_file, proof

ASK = """
import sys
from pathlib import Path
from services.prefect.login import home_login
sys.stdin.readline()
print(home_login(Path(sys.argv[1])))
"""


@pytest.fixture
def any_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_login_is_for_its_owner_alone_whatever_the_umask(
    tmp_path: Path, any_umask: None, umask: int
) -> None:
    (tmp_path / "prefect").mkdir()
    os.umask(umask)
    login = home_login(tmp_path)
    file = login_file(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert is_login(login) and len(login.partition(":")[2]) >= 43
    assert home_login(tmp_path) == login  # another time, the same
    assert [path.name for path in file.parent.iterdir()] == ["login"]
    file.chmod(0o644)
    assert home_login(tmp_path) == login and stat.S_IMODE(file.stat().st_mode) == 0o600


def test_processes_that_ask_at_once_get_the_same_one(tmp_path: Path) -> None:
    asking = [
        subprocess.Popen(
            [sys.executable, "-S", "-c", ASK, tmp_path],
            cwd=Path(__file__).parents[3],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for process in asking:
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.write("\n")
            process.stdin.flush()
    logins = {process.communicate(timeout=60)[0].strip() for process in asking}
    assert logins == {home_login(tmp_path)}
    assert [path.name for path in login_file(tmp_path).parent.iterdir()] == ["login"]


@pytest.mark.parametrize("text", ["", "\n", "no colon\n", "name:\n", "näme:password\n", "a:b\nc:d\n"])
def test_a_file_without_a_login_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    file = login_file(tmp_path)
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(ServiceError, match="holds no login: remove it"):
        home_login(tmp_path)
    monkeypatch.delenv(GIVEN, raising=False)
    monkeypatch.setenv(GIVEN_FILE, str(file))
    with pytest.raises(ServiceError, match=f"{GIVEN_FILE} names .* which holds no name:password"):
        given_login()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("name:password")
    login_file(tmp_path).parent.mkdir()
    login_file(tmp_path).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ServiceError, match="is no regular file: remove it"):
        home_login(tmp_path)


def test_a_home_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "home")
    assert home_login(tmp_path / "link") == home_login(tmp_path / "home")


def test_a_pipe_is_not_waited_for_and_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    login_file(tmp_path).parent.mkdir()
    login_file(tmp_path).write_bytes(b"name:\xff\xfe")
    with pytest.raises(ServiceError, match="holds no login: remove it"):
        home_login(tmp_path)
    login_file(tmp_path).unlink()
    os.mkfifo(login_file(tmp_path))
    with pytest.raises(ServiceError, match="is no regular file: remove it"):
        home_login(tmp_path)


def test_for_a_server_of_ones_own_the_environment_gives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(GIVEN, raising=False)
    monkeypatch.delenv(GIVEN_FILE, raising=False)
    assert given_login() is None
    monkeypatch.setenv(GIVEN_FILE, str(tmp_path / "secret"))
    with pytest.raises(ServiceError, match="cannot be read"):
        given_login()
    (tmp_path / "secret").write_text("me:from the file\n")
    assert given_login() == "me:from the file"
    monkeypatch.setenv(GIVEN, "me:from Prefect's variable")
    assert given_login() == "me:from Prefect's variable"


def test_a_proof_is_of_one_login_one_challenge_and_one_port() -> None:
    proofs = {
        proof(*arguments)
        for arguments in (("a:b", "1", 1), ("a:c", "1", 1), ("a:b", "2", 1), ("a:b", "1", 2))
    }
    assert len(proofs) == 4
