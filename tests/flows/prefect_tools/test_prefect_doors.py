"""Access to Prefect's server: only own programs and pages with the login, and all that they send is stored."""

import asyncio
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from requests.utils import get_environ_proxies, select_proxy
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from services.prefect.api import PrefectApi
from services.prefect.login import basic, home_login
from tests.processes import wait_until

NO_DEPLOYMENT = "00000000-0000-4000-8000-000000000000"
WRONG = "labelscope:wrong"
SOCKETS = (
    "/events/in",
    "/events/out",
    "/logs/out",
    "/task_runs/subscriptions/scheduled",
    "/work_pools/labelscope/workers/connect",
)


@pytest.fixture
def api(flows: SimpleNamespace) -> PrefectApi:
    """The server of the session, with the login of its home."""
    return PrefectApi(os.environ["PREFECT_API_URL"], home_login(flows.home))


def status(
    api: PrefectApi, headers: dict[str, str], path: str = "/admin/version", method: str = "GET"
) -> int:
    connection = HTTPConnection("127.0.0.1", urlsplit(api.url).port, timeout=20)
    try:
        connection.request(method, f"/api{path}", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/admin/version"),
        ("GET", "/admin/settings"),
        ("POST", "/deployments/filter"),
        ("PATCH", f"/deployments/{NO_DEPLOYMENT}"),
        ("POST", f"/deployments/{NO_DEPLOYMENT}/create_flow_run"),
        ("POST", "/events"),
        ("GET", "/variables/name/health"),
        ("GET", "/health/"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
    ],
)
def test_requests_without_the_login_are_refused(api: PrefectApi, method: str, path: str) -> None:
    assert status(api, {}, path, method) == 401
    assert status(api, basic(WRONG), path, method) == 401
    assert status(api, {"Authorization": f"Bearer {api.login}"}, path, method) == 401


def test_requests_with_the_login_are_answered(api: PrefectApi) -> None:
    assert api.status("/admin/version") == 200
    assert status(api, {}, "/health") == 200  # which only shows that it runs
    assert api.login is not None and api.login not in repr(api)


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"Host": "evil.test"}, 400),
        ({"Host": "evil.test:{port}"}, 400),
        ({"Host": "127.0.0.1"}, 400),
        ({"Host": "127.0.0.1.evil.test:{port}"}, 400),
        ({"Host": ""}, 400),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://127.0.0.1:{port}"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 403),
        ({"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://localhost:{port}", "Host": "localhost:{port}"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
    ],
)
def test_another_host_or_origin_is_refused_even_with_the_login(
    api: PrefectApi, headers: dict[str, str], refused: int
) -> None:
    port = str(urlsplit(api.url).port)
    sent = {name: text.replace("{port}", port) for name, text in headers.items()}
    assert status(api, sent | basic(api.login)) == refused


@contextmanager
def opened(
    api: PrefectApi, path: str, host: str = "", origin: str | None = None
) -> Iterator[ClientConnection]:
    """An open WebSocket. Raises InvalidStatus where the server refuses it."""
    port = urlsplit(api.url).port
    with connect(
        f"ws://{host or f'127.0.0.1:{port}'}/api{path}",
        sock=socket.create_connection(("127.0.0.1", port)),
        origin=Origin(origin) if origin else None,
        subprotocols=[Subprotocol("prefect")],
        proxy=None,
    ) as websocket:
        yield websocket


def is_accepted(websocket: ClientConnection, login: str | None) -> bool:
    websocket.send(json.dumps({"type": "auth", "token": login}))
    try:
        return bool(json.loads(websocket.recv(timeout=20))["type"] == "auth_success")
    except ConnectionClosedError as closed:
        assert closed.rcvd is not None and closed.rcvd.code == 1008
        return False


@pytest.mark.parametrize("path", SOCKETS)
def test_a_websocket_needs_the_login_too(api: PrefectApi, path: str) -> None:
    for login, expected in ((None, False), (WRONG, False), (api.login, True)):
        with opened(api, path) as websocket:
            assert is_accepted(websocket, login) is expected


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize(
    ("host", "origin", "refused"),
    [("evil.test", None, 400), ("", "http://evil.test", 403), ("", "null", 403)],
)
def test_a_websocket_of_another_host_or_origin_is_refused(
    api: PrefectApi, path: str, host: str, origin: str | None, refused: int
) -> None:
    with pytest.raises(InvalidStatus) as failed, opened(api, path, host, origin):
        pass
    assert failed.value.response.status_code == refused


def test_a_websocket_of_our_own_pages_is_opened(api: PrefectApi) -> None:
    own = api.url.removesuffix("/api")
    with opened(api, "/events/out", origin=own) as websocket:
        assert is_accepted(websocket, api.login)


def test_pages_may_not_request_other_hosts_or_be_framed(api: PrefectApi) -> None:
    connection = HTTPConnection("127.0.0.1", urlsplit(api.url).port, timeout=20)
    for path in ("/v2/", "/api/health", "/api/admin/version"):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
        assert "http" not in policy and "*" not in policy
        assert answer.headers["X-Frame-Options"] == "DENY"
    connection.close()


@pytest.mark.parametrize("scheme", ["socks5", "socks", "http", "nonsense"])
def test_proxies_of_the_caller_are_not_used_for_prefect(
    api: PrefectApi, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    from prefect.client.orchestration import get_client
    from prefect.events.clients import get_events_client

    for name in (
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "all_proxy",
        "ws_proxy",
        "socks_proxy",
    ):
        monkeypatch.setenv(name, f"{scheme}://127.0.0.1:9")

    async def greet() -> None:
        async with get_client() as client, get_events_client(reconnection_attempts=0):
            assert await client.api_healthcheck() is None

    with get_client(sync_client=True) as client:
        assert client.api_healthcheck() is None
    asyncio.run(greet())
    assert api.status("/admin/version") == 200
    outside = select_proxy("https://api.deezer.com", get_environ_proxies("https://api.deezer.com"))
    assert outside == f"{scheme}://127.0.0.1:9"


def test_tasks_events_and_logs_of_a_run_are_stored(api: PrefectApi) -> None:
    """In some releases of Prefect, clients sent events without the login, and runs of tasks were never stored."""
    from prefect import flow, task
    from prefect.client.orchestration import get_client
    from prefect.context import FlowRunContext
    from prefect.events import DoNothing, EventTrigger, Posture, emit_event
    from prefect.events.schemas.automations import AutomationCore

    from flows.prefect_tools.single_run import deliver

    name = f"counted {uuid4()}"
    trigger = EventTrigger(expect={name}, posture=Posture.Reactive, threshold=1)
    with get_client(sync_client=True) as client:
        automation = client.create_automation(
            AutomationCore(name=name, trigger=trigger, actions=[DoNothing()])
        )

    @task
    def double(number: int) -> int:
        return 2 * number

    @flow(name=name)
    def counted() -> str:
        for number in range(3):
            double(number)
        emit_event(name, resource={"prefect.resource.id": "labelscope.test"})
        context = FlowRunContext.get()
        assert context is not None and context.flow_run is not None
        return str(context.flow_run.id)

    run = counted()
    deliver()
    of_run = {"flow_runs": {"id": {"any_": [run]}}}
    wait_until(lambda: api.request("/task_runs/count", of_run) == 3, 30)
    tasks = api.request("/task_runs/filter", of_run)
    wait_until(lambda: completed(api, of_run) == 3, 30)
    assert len(tasks) == 3
    wait_until(lambda: events(api, {"event": {"name": [name]}}) == 1, 30)
    completed_run = {"event": {"name": ["prefect.flow-run.Completed"]}, "resource": of_resource(run)}
    wait_until(lambda: events(api, completed_run) == 1, 30)
    acted = {"resource": {"id": [f"prefect.automation.{automation}"]}}
    wait_until(lambda: events(api, acted | {"event": {"prefix": ["prefect.automation.action"]}}) >= 1, 30)
    wait_until(lambda: api.request("/logs/filter", {"logs": {"flow_run_id": {"any_": [run]}}}), 30)


def completed(api: PrefectApi, of_run: dict[str, Any]) -> int:
    return sum(row["state_type"] == "COMPLETED" for row in api.request("/task_runs/filter", of_run))


def events(api: PrefectApi, asked: dict[str, Any]) -> int:
    return int(api.request("/events/filter", {"filter": asked})["total"])


def of_resource(run: str) -> dict[str, Any]:
    return {"id": [f"prefect.flow-run.{run}"]}
