"""While `labelscope up` runs, Prefect refuses other users, and pages of other origins in a browser."""

import os
import signal
import stat
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from services.locks import read_state
from services.ports import free_port
from services.prefect.login import home_login, login_file
from tests.operations.browser import CHROMIUM, FLAGS, log_in
from tests.operations.kept_up import KeptUp
from tests.processes import processes_of

NOBODY = 65534
SECRETS = {"SPOTIPY_CLIENT_SECRET": "a secret of Spotify", "DATABASE_PASSWORD": "a secret of PostgreSQL"}
PROXIES = {
    f"{name}_PROXY": f"{scheme}://127.0.0.1:9"
    for name, scheme in (("HTTP", "http"), ("HTTPS", "http"), ("ALL", "socks5"))
}
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium (Debian: apt install chromium)")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def kept() -> Iterator[KeptUp]:
    """A home below folders that everybody may enter, kept up by a caller with secrets and proxies that lead nowhere."""
    folder = Path(tempfile.mkdtemp(prefix="doors"))
    folder.chmod(0o755)
    kept = KeptUp(folder / "home", free_port(), more=SECRETS | PROXIES)
    try:
        kept.start()
        yield kept
    finally:
        for process in processes_of(kept.home):
            os.kill(process, signal.SIGKILL)
        rmtree(folder, ignore_errors=True)


def test_runs_go_on_whatever_proxies_the_caller_has(kept: KeptUp) -> None:
    run = kept.run("maintain")
    kept.wait_for(run, "COMPLETED", seconds=300)


def test_prefects_server_inherits_no_secret(kept: KeptUp) -> None:
    server = read_state(kept.home / "prefect").pid
    for process in (server, read_state(kept.home / "prefect").keeper):
        seen = Path(f"/proc/{process}/cmdline").read_bytes()
        if process == server:
            seen += Path(f"/proc/{process}/environ").read_bytes()
        for secret in (*SECRETS.values(), home_login(kept.home), "_PROXY"):
            assert secret.encode() not in seen


def test_up_and_status_say_how_to_log_in(kept: KeptUp) -> None:
    output = kept.home.with_suffix(".log").read_text() + kept.call("status").stdout
    assert output.count("`labelscope login prefect` prints it") == 2
    login = home_login(kept.home)
    assert login not in output
    assert kept.call("login", "prefect").stdout == f"{login}\n"
    for log in (kept.home / "logs").iterdir():
        assert login.partition(":")[2] not in log.read_text()


ATTACK = """
import json, sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

pages, deployment, *files = sys.argv[1:]
for method, path, body in (
    ("GET", "/api/admin/settings", None),
    ("POST", "/api/deployments/filter", {}),
    ("PATCH", f"/api/deployments/{deployment}", {"entrypoint": "evil.py:flow"}),
    ("POST", f"/api/deployments/{deployment}/create_flow_run", {"state": {"type": "SCHEDULED"}}),
):
    request = Request(
        pages + path, json.dumps(body).encode() if body is not None else None,
        {"Content-Type": "application/json"}, method=method,
    )
    try:
        print(urlopen(request, timeout=20).status)
    except HTTPError as refusal:
        print(refusal.code)
for file in files:
    try:
        print(len(open(file, "rb").read()))
    except PermissionError:
        print("denied")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_another_user_gets_nothing(kept: KeptUp) -> None:
    deployment = kept.deployments()["maintain"]["id"]
    before = kept.ask("/flow_runs/count", {})
    server = read_state(kept.home / "prefect").pid
    assert kept.process is not None
    assert stat.S_IMODE(login_file(kept.home).stat().st_mode) == 0o600
    kept.home.chmod(0o755)  # so that the file alone has to keep them out
    files = (login_file(kept.home), f"/proc/{server}/environ", f"/proc/{kept.process.pid}/environ")
    attack = subprocess.run(
        ["/usr/bin/python3", "-I", "-c", ATTACK, kept.pages, deployment, *map(str, files)],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    kept.home.chmod(0o700)
    assert attack.stdout.split() == ["401"] * 4 + ["denied"] * 3
    assert kept.ask("/flow_runs/count", {}) == before
    assert "evil" not in kept.deployments()["maintain"]["entrypoint"]


class Foreign(BaseHTTPRequestHandler):
    """A page of another origin."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Foreign</title>")

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def foreign_page() -> Iterator[str]:
    """The address of one on this machine; its origin differs by the port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Foreign) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for which evil.test leads to this machine, as rebinding has it."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        rules = "--host-resolver-rules=MAP evil.test 127.0.0.1"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, rules])
        yield browser
        browser.close()


# Each returns what a page got: the text of an answer, "opened", or why not.
POST = """async ([url, body]) => {
    try { return (await fetch(url, {method: 'POST', mode: 'no-cors', body: new Blob([body])})).type }
    catch (error) { return String(error) }
}"""
READ = """async (url) => {
    try { const answer = await fetch(url); return answer.status + ' ' + await answer.text() }
    catch (error) { return String(error) }
}"""
SOCKET = """(url) => new Promise((done) => {
    const socket = new WebSocket(url, 'prefect')
    socket.onopen = () => done('opened')
    socket.onerror = () => done('refused')
})"""


@needs_chromium
@pytest.mark.parametrize("is_rebound", [False, True], ids=["another port", "another name"])
def test_a_foreign_page_in_the_owners_browser_gets_nothing(
    kept: KeptUp, browser: Any, is_rebound: bool
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(60_000)
    log_in(page, kept)
    flows, runs = (kept.ask(f"/{rows}/count", {}) for rows in ("flows", "flow_runs"))
    deployment = kept.deployments()["maintain"]["id"]
    with foreign_page() as address:
        foreign = context.new_page()
        foreign.goto(address.replace("127.0.0.1", "evil.test") if is_rebound else address)
        for host in (f"127.0.0.1:{kept.port}", f"localhost:{kept.port}", f"evil.test:{kept.port}"):
            for path, body in (
                ("flows/", '{"name": "evil"}'),
                (f"deployments/{deployment}/create_flow_run", '{"state": {"type": "SCHEDULED"}}'),
            ):
                foreign.evaluate(POST, [f"http://{host}/api/{path}", body])
            for path in ("events/in", "events/out", "logs/out"):
                assert foreign.evaluate(SOCKET, f"ws://{host}/api/{path}") == "refused"
            assert "Failed to fetch" in foreign.evaluate(READ, f"http://{host}/api/health")
        # And as rebinding ends: the page is of the very host and port that it asks.
        answer = foreign.goto(f"http://evil.test:{kept.port}/v2/")
        assert answer.status == 400
        assert foreign.evaluate(READ, "/api/health").startswith("400")
        assert foreign.evaluate(SOCKET, f"ws://evil.test:{kept.port}/api/events/out") == "refused"
        # Nor is a page of ours shown inside of a foreign one.
        foreign.goto(address)
        foreign.evaluate(
            "url => { document.body.innerHTML = `<iframe src='${url}'></iframe>` }", kept.pages + "/v2/"
        )
        frame = foreign.wait_for_event("framenavigated") if len(foreign.frames) < 2 else foreign.frames[1]
        foreign.wait_for_timeout(500)
        assert "Prefect" not in frame.content()
    assert kept.ask("/flows/count", {}) == flows and kept.ask("/flow_runs/count", {}) == runs
    page.reload()
    page.get_by_role("link", name="Deployments").first.wait_for()  # the owner is still logged in
    context.close()
