"""The Prefect server: one per home, on the embedded PostgreSQL; both stop after the last user."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from services.environment import child_environment
from services.keeper import ServiceError
from services.locks import read_state
from services.prefect import server as prefect
from services.prefect.api import PrefectApi
from services.prefect.login import home_login
from services.prefect.server import (
    PrefectServer,
    client_environment,
    home_api,
    prefect_server,
    require_api,
    require_port,
    running,
)


def status(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_server_lives_with_its_users_and_only_in_its_home(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wait_until: Callable[..., None],
    is_quiet: Callable[[Path], bool],
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_API_URL", "http://elsewhere.invalid/api")
    monkeypatch.setenv("SPOTIPY_CLIENT_SECRET", "a secret of Spotify")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with prefect_server(home) as server:
        assert server.started_fresh
        assert server.api_url == f"http://127.0.0.1:{server.port}/api"
        assert status(server.port, "/api/health") == 200
        api = home_api(home, server)
        require_api(api)
        with pytest.raises(ServiceError, match="ends in /api"):
            require_api(PrefectApi(server.ui_url, api.login))
        with pytest.raises(ServiceError, match=r"refuses the login: set PREFECT_API_AUTH_STRING"):
            require_api(PrefectApi(server.api_url, "labelscope:wrong"))
        assert_settings_are_in_force(api)
        assert_no_secret_is_inherited(read_state(home / "prefect").pid, home)
        require_port(home, server.port)  # it is taken by the one that would be attached to
        assert not PrefectServer(tmp_path / "another home", "unused").answers(str(server.port))
        assert status(server.port, "/") in (200, 307)

        with prefect_server(home) as again:
            assert (again.port, again.started_fresh) == (server.port, False)

        pid = read_state(home / "prefect").pid
        os.kill(pid, signal.SIGSTOP)
        for attach in (lambda: prefect_server(home).__enter__(), lambda: running(home)):
            with pytest.raises(ServiceError, match=f"Prefect, process {pid}, is stopped .*kill -CONT {pid}"):
                attach()
        os.kill(pid, signal.SIGCONT)

        os.kill(read_state(home / "prefect").keeper, signal.SIGKILL)
        with prefect_server(home) as adopted:
            assert (adopted.port, adopted.started_fresh) == (server.port, False)

    def prefect_is_gone() -> bool:
        postgres_is_gone = is_quiet(home / "postgres")
        gone = is_quiet(home / "prefect")
        assert gone or not postgres_is_gone, "PostgreSQL went first"
        return gone

    wait_until(prefect_is_gone, "the Prefect server stops")
    wait_until(lambda: is_quiet(home / "postgres"), "PostgreSQL stops after it")
    assert list(tmp_path.iterdir()) == []
    assert {path.name for path in home.iterdir()} == {"postgres", "prefect", "logs"}


def assert_settings_are_in_force(api: PrefectApi) -> None:
    """What Prefect deletes, and where it stores leases: a release without such a setting would ignore it."""
    server = api.request("/admin/settings")["server"]
    assert server["events"]["retention_period"] == "P30D"
    vacuum = server["services"]["db_vacuum"]
    assert (sorted(vacuum["enabled"]), vacuum["retention_period"]) == (["events", "flow_runs"], "P30D")
    assert server["concurrency"]["lease_storage"].endswith("filesystem")
    assert server["analytics_enabled"] is False and server["ui"]["api_url"] == "/api"


def assert_no_secret_is_inherited(process: int, home: Path) -> None:
    seen = Path(f"/proc/{process}/environ").read_bytes() + Path(f"/proc/{process}/cmdline").read_bytes()
    for secret in ("a secret of Spotify", "socks5", "elsewhere.invalid", home_login(home)):
        assert secret.encode() not in seen


def test_the_installed_prefect_has_every_setting_that_it_gets(cold_home: Path) -> None:
    given = prefect._server_environment(cold_home, 4200, "postgresql+asyncpg://nobody@/nowhere", 30)
    given |= client_environment(cold_home, "http://127.0.0.1:1/api", "labelscope:password")
    given |= dict.fromkeys(("PREFECT_SERVER_API_AUTH_STRING", "PREFECT_SERVER_DATABASE_PASSWORD"), "")
    code = """
import sys
from importlib import import_module
from prefect.settings import Settings
from prefect.settings.legacy import _get_settings_fields
storage, *names = sys.argv[1:]
import_module(storage)
print(*set(names) - _get_settings_fields(Settings).keys())
"""
    names = [name for name in given if name.startswith("PREFECT")]
    storage = given["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"]
    asked = subprocess.run(
        [sys.executable, "-c", code, storage, *names], capture_output=True, text=True, check=False
    )
    assert (asked.returncode, asked.stdout) == (0, "\n"), asked.stdout + asked.stderr


@pytest.mark.parametrize(
    ("variable", "content", "sentence"),
    [
        ("LABELSCOPE_PREFECT_LOGIN_FILE", None, "which cannot be read (No such file or directory)"),
        ("LABELSCOPE_PREFECT_LOGIN_FILE", "", "which holds no name:password"),
        ("LABELSCOPE_PREFECT_LOGIN_FILE", "only a password", "which holds no name:password"),
        ("LABELSCOPE_PREFECT_DATABASE_PASSWORD_FILE", None, "which cannot be read"),
        ("LABELSCOPE_PREFECT_DATABASE_PASSWORD_FILE", "\n", "which holds no password"),
    ],
)
def test_a_server_without_its_secrets_does_not_start(
    tmp_path: Path, variable: str, content: str | None, sentence: str
) -> None:
    good = tmp_path / "good"
    good.write_text("name:password")
    file = tmp_path / "secret"
    if content is not None:
        file.write_text(content)
    secrets = {"LABELSCOPE_PREFECT_LOGIN_FILE": str(good), variable: str(file)}
    refused = subprocess.run(
        [sys.executable, "-m", "services.prefect.app", "--port", "1"],
        env=child_environment(secrets),
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"{variable} names {file}, ") and sentence in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_named(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServiceError, match=f"port {port}, which is taken: set LABELSCOPE_UI_PORT"):
            require_port(home, port)
        with (
            pytest.raises(ServiceError, match=f"port {port}, which is taken: set LABELSCOPE_UI_PORT"),
            prefect_server(home, "postgresql+asyncpg://nobody@/nowhere", port=port),
        ):
            pass


class OtherServer(BaseHTTPRequestHandler):
    """Another program that has taken the port: it agrees to everything, and keeps what it is sent."""

    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.seen.append(f"{self.path} {self.headers}")
        body = b"true"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def test_another_server_on_the_port_does_not_get_the_login(tmp_path: Path) -> None:
    login = home_login(tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), OtherServer) as other:
        threading.Thread(target=other.serve_forever).start()
        port = str(other.server_port)
        try:
            assert not PrefectServer(tmp_path, "unused").answers(port)
        finally:
            other.shutdown()
    [seen] = OtherServer.seen
    assert login not in seen and "Authorization" not in seen


def test_a_server_that_is_stopped_is_found_silent_within_seconds(tmp_path: Path) -> None:
    home_login(tmp_path)
    assert PrefectServer(tmp_path, "unused").answer_seconds < 15
    assert PrefectApi("unused", None).timeout_seconds < 15
    server = PrefectServer(tmp_path, "unused", answer_seconds=0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes connections and never answers
        port = silent.getsockname()[1]
        began = time.monotonic()
        assert not server.answers(str(port))
        with pytest.raises(ServiceError, match="No Prefect server answers"):
            require_api(PrefectApi(f"http://127.0.0.1:{port}/api", "labelscope:password", 0.3))
        assert time.monotonic() - began < 5


def test_a_program_on_the_port_that_drips_is_given_up(tmp_path: Path) -> None:
    home_login(tmp_path)
    server = PrefectServer(tmp_path, "unused", answer_seconds=0.5)
    gone = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while not gone.wait(0.1):
                connection.sendall(b"X-More: 1\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=[listener])
        thread.start()
        began = time.monotonic()
        assert not server.answers(str(listener.getsockname()[1]))
        gone.set()
        thread.join()
    assert time.monotonic() - began < 5


def test_a_redirect_does_not_take_the_login_along(tmp_path: Path) -> None:
    class Elsewhere(BaseHTTPRequestHandler):
        seen: ClassVar[list[str]] = []

        def do_GET(self) -> None:
            self.seen.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/api/elsewhere")
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            api = PrefectApi(f"http://127.0.0.1:{server.server_port}/api", "labelscope:password")
            assert api.status("/admin/version") == 302
        finally:
            server.shutdown()
    assert Elsewhere.seen == ["/api/admin/version"]


def test_clients_go_straight_to_their_server(cold_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "example.org")
    environment = client_environment(cold_home, "http://127.0.0.1:1/api")
    assert environment["no_proxy"] == "example.org,127.0.0.1,localhost,*"
    assert "PREFECT_API_AUTH_STRING" not in environment  # that of a caller's own server stays
    elsewhere = client_environment(cold_home, "https://prefect.example.org/api", "me:password")
    assert elsewhere["no_proxy"] == "example.org,127.0.0.1,localhost"
    assert elsewhere["PREFECT_API_AUTH_STRING"] == "me:password"
    assert environment["PREFECT_API_URL"] == "http://127.0.0.1:1/api"
    assert environment["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] == "false"
    assert environment["DO_NOT_TRACK"] == "1"
    assert not cold_home.exists()
