"""The Prefect server: one per home, on the embedded PostgreSQL, and both are gone after the last user."""

import os
import signal
import socket
import threading
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from services.keeper import ServiceError
from services.locks import read_state
from services.prefect import PrefectServer, client_environment, prefect_server, require_api, running


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
    with prefect_server(home) as server:
        assert server.started_fresh
        assert server.api_url == f"http://127.0.0.1:{server.port}/api"
        assert status(server.port, "/api/health") == 200
        require_api(server.api_url)
        with pytest.raises(ServiceError, match="ends in /api"):
            require_api(server.ui_url)
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


def test_a_port_that_is_taken_is_named(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(ServiceError, match=f"port {port}, which is taken: set LABELSCOPE_UI_PORT"),
            prefect_server(home, "postgresql+asyncpg://nobody@/nowhere", port=port),
        ):
            pass


class OtherPrefect(BaseHTTPRequestHandler):
    """Healthy, but of another home."""

    def do_GET(self) -> None:
        body = b'{"home": "/somewhere/else"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def test_another_server_on_the_port_is_not_taken_for_ours(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), OtherPrefect) as other:
        threading.Thread(target=other.serve_forever).start()
        port = str(other.server_port)
        try:
            assert not PrefectServer(tmp_path, "unused").answers(port)
        finally:
            other.shutdown()


def test_clients_go_straight_to_their_server(cold_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "example.org")
    environment = client_environment(cold_home, "http://127.0.0.1:1/api")
    assert environment["no_proxy"] == "example.org,127.0.0.1,localhost"
    assert environment["PREFECT_API_URL"] == "http://127.0.0.1:1/api"
    assert environment["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] == "false"
    assert environment["DO_NOT_TRACK"] == "1"
    assert not cold_home.exists()
