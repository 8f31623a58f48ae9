"""The Prefect server of a home, on a database of the embedded PostgreSQL, or of your own one.

It listens on 127.0.0.1 only, needs the login of the home, writes to HOME/prefect only and sends nothing to the
internet. The server process itself is a user of the PostgreSQL, which therefore stops after it.
"""

import hmac
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Timer
from urllib.parse import urlsplit

from services.environment import child_environment
from services.held_start import Launched, start_held
from services.keeper import ServiceError, require_running, use
from services.locks import SERVER, is_held, read_state
from services.ports import HOST, free_port, is_free
from services.postgres.postmaster import PostgresServer
from services.postgres.server import PostgresAddress, ensure_database, postgres_server
from services.prefect.api import LOOPBACK, PrefectApi
from services.prefect.login import GIVEN, GIVEN_FILE, home_login, login_file, proof, read_login

DATABASE = "prefect"
DAY = 24 * 60 * 60  # seconds
ANSWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class PrefectAddress:
    """The address of a running server."""

    port: int
    started_fresh: bool  # this call started it: runs that it still lists as running have died

    @property
    def api_url(self) -> str:
        return f"http://{HOST}:{self.port}/api"

    @property
    def ui_url(self) -> str:
        return f"http://{HOST}:{self.port}"


@dataclass(frozen=True, slots=True)
class PrefectServer:
    """A services.keeper.Server. Its place is the port."""

    home: Path  # absolute
    database: PostgresServer | str = field(repr=False)  # or a URL, which may contain a password
    port: int | None = None  # None: the last one if it is free, else any
    keep_days: int = 30
    answer_seconds: float = ANSWER_SECONDS

    @property
    def name(self) -> str:
        return "Prefect"

    @property
    def folder(self) -> Path:
        return self.home / "prefect"

    @property
    def log(self) -> Path:
        return self.home / "logs" / "prefect.log"

    @property
    def stop_signals(self) -> tuple[tuple[signal.Signals, float], ...]:
        return (signal.SIGTERM, 10), (signal.SIGKILL, 5)

    def launch(self, server_lock: int, last_place: str) -> Launched:
        port = self._choose_port(last_place)
        home_login(self.home)
        # -P: never import a folder `services` of the working directory.
        module = [sys.executable, "-P", "-m", "services.prefect.app"]
        command = [*module, "--host", HOST, "--port", str(port)]
        with ExitStack() as stack:
            locks = [server_lock]
            if isinstance(self.database, str):
                url = self.database
            else:
                attached = stack.enter_context(use(self.database))
                locks.append(attached.users_lock)  # so that the server process is a user itself
                url = PostgresAddress(Path(attached.place)).asyncpg_url(DATABASE)
            return start_held(
                command,
                str(port),
                pass_fds=locks,
                cwd=self.folder,  # Prefect reads .env, prefect.toml and pyproject.toml of its working directory
                start_new_session=True,
                env=_server_environment(self.home, port, url, self.keep_days),
            )

    def answers(self, place: str) -> bool:
        """Whether the server at this port proves that it has the login of this home, without sending the login.

        Another Prefect server, or a program of another user, may have taken the port.
        """
        challenge = secrets.token_hex(16)
        connection = HTTPConnection(HOST, int(place), timeout=self.answer_seconds)
        # HTTPConnection's timeout is for each read: a server that sends byte by byte would outlast it.
        timer = Timer(self.answer_seconds, _hang_up, [connection])
        timer.start()
        try:
            expected = proof(read_login(login_file(self.home)), challenge, int(place))
            connection.request("GET", f"/labelscope/proof?challenge={challenge}")
            response = connection.getresponse()
            return response.status == 200 and hmac.compare_digest(response.read(200), expected.encode())
        except (OSError, HTTPException, ServiceError):
            return False
        finally:
            timer.cancel()
            connection.close()

    def clean_up(self, place: str) -> None:
        """Nothing to remove."""

    def _choose_port(self, last_place: str) -> int:
        if self.port is not None:
            _require_free(self.port)
            return self.port
        if last_place and is_free(int(last_place)):
            return int(last_place)  # keeps bookmarks valid, and clients that survive a crash of the server
        return free_port()


@contextmanager
def prefect_server(
    home: Path, database_url_asyncpg: str | None = None, port: int | None = None, keep_days: int = 30
) -> Iterator[PrefectAddress]:
    """The Prefect server of that home, which writes HOME/logs/prefect.log.

    Many processes may use it at once; it stops after the last one. Without a URL its database is `prefect` on the
    embedded PostgreSQL of the same home. Runs and events are kept for `keep_days`. These arguments apply only in the
    call that starts it.

    Raises:
        ServiceError: it or its PostgreSQL does not start, the port is taken, or the home belongs to another user.
    """
    home = home.expanduser().resolve()
    with ExitStack() as stack:
        database: PostgresServer | str
        if database_url_asyncpg is None:
            database = postgres_server(home)
            postgres = stack.enter_context(use(database))
            ensure_database(PostgresAddress(Path(postgres.place)), DATABASE)
        else:
            database = database_url_asyncpg
        attached = stack.enter_context(use(PrefectServer(home, database, port, keep_days)))
        yield PrefectAddress(int(attached.place), attached.started_fresh)


def running(home: Path) -> PrefectAddress | None:
    """The address of that home's server if it runs; nothing is started. Raises ServiceError for a stopped process."""
    folder = home.expanduser().resolve() / "prefect"
    if not folder.is_dir() or not is_held(folder / SERVER):
        return None
    state = read_state(folder)
    require_running("Prefect", state)
    return PrefectAddress(int(state.place), started_fresh=False) if state.status == "ready" else None


def no_answer_cure(home: Path) -> str:
    """What to do where the server of that home runs but does not answer, as the end of a sentence."""
    pid = read_state(home.expanduser().resolve() / "prefect").pid
    return f"does not answer: end its process {pid} with `kill -KILL {pid}`; it then starts again"


def require_port(home: Path, port: int) -> None:
    """Raises ServiceError where that home's server does not run yet and another program has its port."""
    folder = home.expanduser().resolve() / "prefect"
    if not (folder.is_dir() and is_held(folder / SERVER)):  # a running server is used, at whatever port
        _require_free(port)


def require_api(api: PrefectApi) -> None:
    """Raises ServiceError where no Prefect server answers within seconds, or it refuses the login."""
    if (status := api.status("/admin/version")) in (401, 403):
        raise ServiceError(
            f"The Prefect server at {api.url} refuses the login: set {GIVEN} to its name:password,"
            f" or {GIVEN_FILE} to a file that holds it."
        )
    if status != 200:
        raise ServiceError(
            f"No Prefect server answers at {api.url}: start it, or correct PREFECT_API_URL, which ends in /api."
        )


def home_api(home: Path, address: PrefectAddress) -> PrefectApi:
    """The API of that home's running server, with its login."""
    return PrefectApi(address.api_url, home_login(home.expanduser().resolve()))


def client_environment(home: Path, api_url: str, login: str | None = None) -> dict[str, str]:
    """Variables for a process that runs flows against that server; set them before it imports Prefect.

    Without a login, the one in the caller's environment, if any, stays.
    """
    folder = home.expanduser().resolve() / "prefect"
    direct = [os.environ.get("no_proxy", os.environ.get("NO_PROXY", "")), HOST, "localhost"]
    if urlsplit(api_url).hostname in LOOPBACK:
        # Prefect's HTTP client sets up every proxy, used or not, and fails for SOCKS. Only that client reads a * in a
        # list as "no proxy at all"; requests to outside services still use the caller's proxies.
        direct.append("*")
    return ({GIVEN: login} if login else {}) | {
        "PREFECT_HOME": str(folder),
        "PREFECT_API_URL": api_url,
        "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(folder / "storage"),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",  # without an API URL it must fail, not start a server
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",  # seconds; the least that Prefect takes
        "no_proxy": ",".join(filter(None, direct)),  # in lower case, which wins over the upper one
    }


def _server_environment(home: Path, port: int, database_url: str, keep_days: int) -> dict[str, str]:
    """The server's variables: its settings, and none of the caller's secrets or proxies."""
    address = PrefectAddress(port, started_fresh=True)
    folder = home / "prefect"
    server = {
        "LABELSCOPE_HOME": str(home),  # shows which home a process belongs to
        GIVEN_FILE: str(login_file(home)),
        "PREFECT_API_DATABASE_CONNECTION_URL": database_url,
        "PREFECT_MEMO_STORE_PATH": str(folder / "memo_store.toml"),
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(folder / "ui"),  # else it writes into its package
        "PREFECT_SERVER_UI_API_URL": "/api",  # else the pages use port 4200
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": address.ui_url,  # else any page in the browser can use the API
        # Delete old events, and old runs with their logs and artifacts, which are kept for ever otherwise.
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(keep_days * DAY),
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": f"P{keep_days}D",
        # Leases in memory are lost with the server; the slots of their runs would stay taken.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    }
    return child_environment(client_environment(home, address.api_url) | server)


def _hang_up(connection: HTTPConnection) -> None:
    with suppress(OSError, AttributeError):  # it has ended, or not begun
        connection.sock.shutdown(socket.SHUT_RDWR)


def _require_free(port: int) -> None:
    if not is_free(port):
        raise ServiceError(
            f"Prefect cannot use port {port}, which is taken: set LABELSCOPE_UI_PORT to another one."
        )
