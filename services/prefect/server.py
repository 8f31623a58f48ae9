"""The Prefect server of a home, on a database of the PostgreSQL that comes along (or on one of yours).

It listens on 127.0.0.1 alone, asks for the login of the home, keeps all that it writes in HOME/prefect and asks nothing
of the internet. The server process itself is a user of the PostgreSQL, so that one always stops after it.
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
    """Where a running server takes requests."""

    port: int
    started_fresh: bool  # this call started it, so runs that it remembers as running are not

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
    database: PostgresServer | str = field(repr=False)  # or a URL, which may hold a password
    port: int | None = None  # None: the former one if it is free, else any
    keep_days: int = 30

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
        # -P: not from a folder `services` in the working directory.
        module = [sys.executable, "-P", "-m", "services.prefect.app"]
        command = [*module, "--host", HOST, "--port", str(port)]
        with ExitStack() as stack:
            locks = [server_lock]
            if isinstance(self.database, str):
                url = self.database
            else:
                attached = stack.enter_context(use(self.database))
                locks.append(attached.users_lock)  # from here on the server process is a user itself
                url = PostgresAddress(Path(attached.place)).asyncpg_url(DATABASE)
            return start_held(
                command,
                str(port),
                pass_fds=locks,
                cwd=self.folder,  # Prefect reads .env, prefect.toml and pyproject.toml from where it starts
                start_new_session=True,
                env=_server_environment(self.home, port, url, self.keep_days),
            )

    def answers(self, place: str) -> bool:
        """Have it prove that it has the login of this home, without giving that away.

        Another Prefect, or a program of another user, may have been faster to take the port.
        """
        challenge = secrets.token_hex(16)
        connection = HTTPConnection(HOST, int(place), timeout=ANSWER_SECONDS)
        # The timeout is of each wait: one that sends byte by byte would outlast it.
        limit = Timer(ANSWER_SECONDS, _hang_up, [connection])
        limit.start()
        try:
            expected = proof(read_login(login_file(self.home)), challenge, int(place))
            connection.request("GET", f"/labelscope/proof?challenge={challenge}")
            answer = connection.getresponse()
            return answer.status == 200 and hmac.compare_digest(answer.read(200), expected.encode())
        except (OSError, HTTPException, ServiceError):
            return False
        finally:
            limit.cancel()
            connection.close()

    def tidy(self, place: str) -> None:
        """It leaves nothing behind."""

    def _choose_port(self, last_place: str) -> int:
        if self.port is not None:
            _require_free(self.port)
            return self.port
        if last_place and is_free(int(last_place)):
            return int(last_place)  # bookmarks, and clients that outlive a crash of the server, stay right
        return free_port()


@contextmanager
def prefect_server(
    home: Path, database_url_asyncpg: str | None = None, port: int | None = None, keep_days: int = 30
) -> Iterator[PrefectAddress]:
    """The Prefect server of that home, which writes HOME/logs/prefect.log.

    Many processes may be inside at once; it stops when all are gone. Without a URL its database is `prefect`
    on the embedded PostgreSQL of the same home. Runs and events are kept for `keep_days`. All of it counts only for the
    call that starts it.

    Raises:
        ServiceError: it or its PostgreSQL does not start, the port is taken, or the home is another user's.
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
    """The server of that home if it runs just now; nothing is started. Raises ServiceError where it was stopped."""
    folder = home.expanduser().resolve() / "prefect"
    if not folder.is_dir() or not is_held(folder / SERVER):
        return None
    state = read_state(folder)
    require_running("Prefect", state)
    return PrefectAddress(int(state.place), started_fresh=False) if state.status == "ready" else None


def silence(home: Path) -> str:
    """What to do where the server of that home runs and does not answer, as the end of a sentence."""
    pid = read_state(home.expanduser().resolve() / "prefect").pid
    return f"does not answer: end its process {pid} with `kill -KILL {pid}`, and it is started again"


def require_port(home: Path, port: int) -> None:
    """Raises ServiceError where that home's server would need the port and another program has it."""
    folder = home.expanduser().resolve() / "prefect"
    if not (folder.is_dir() and is_held(folder / SERVER)):  # else it is attached to, wherever it listens
        _require_free(port)


def require_api(api: PrefectApi) -> None:
    """Raises ServiceError where no Prefect server answers at that address within seconds, or it refuses the login."""
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
    """How the running server of that home is asked."""
    return PrefectApi(address.api_url, home_login(home.expanduser().resolve()))


def client_environment(home: Path, api_url: str, login: str | None = None) -> dict[str, str]:
    """Variables for a process that runs flows against that server; set them before it imports Prefect.

    Without a login that of the caller's environment, if any, stays.
    """
    folder = home.expanduser().resolve() / "prefect"
    direct = [os.environ.get("no_proxy", os.environ.get("NO_PROXY", "")), HOST, "localhost"]
    if urlsplit(api_url).hostname in LOOPBACK:
        # Prefect's HTTP client makes a transport for each proxy that is set, used or not, and fails at one for SOCKS.
        # It alone takes a * in a list for "no proxy at all": services outside are still asked through the caller's.
        direct.append("*")
    return ({GIVEN: login} if login else {}) | {
        "PREFECT_HOME": str(folder),
        "PREFECT_API_URL": api_url,
        "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(folder / "storage"),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",  # a lost API_URL must fail, not start a server
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",  # seconds; the least that Prefect takes
        "no_proxy": ",".join(filter(None, direct)),  # in lower case, which wins over the upper one
    }


def _server_environment(home: Path, port: int, database_url: str, keep_days: int) -> dict[str, str]:
    """What a program needs, and the settings of this one: nothing else of the caller's, such as secrets or proxies."""
    address = PrefectAddress(port, started_fresh=True)
    folder = home / "prefect"
    server = {
        "LABELSCOPE_HOME": str(home),  # by which a process is known for that of a home
        GIVEN_FILE: str(login_file(home)),
        "PREFECT_API_DATABASE_CONNECTION_URL": database_url,
        "PREFECT_MEMO_STORE_PATH": str(folder / "memo_store.toml"),
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(folder / "ui"),  # else it writes among its own modules
        "PREFECT_SERVER_UI_API_URL": "/api",  # else the page looks for port 4200
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": address.ui_url,  # else any page in the browser may call it
        # Runs with their logs and artifacts, and events: else the first are kept for good.
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(keep_days * DAY),
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": f"P{keep_days}D",
        # Leases in memory are lost with the server, and with them the slots of the runs that held them.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    }
    return child_environment(client_environment(home, address.api_url) | server)


def _hang_up(connection: HTTPConnection) -> None:
    with suppress(OSError, AttributeError):  # it has just ended, or not begun
        connection.sock.shutdown(socket.SHUT_RDWR)


def _require_free(port: int) -> None:
    if not is_free(port):
        raise ServiceError(
            f"Prefect cannot have port {port}, which is taken: set LABELSCOPE_UI_PORT to another one."
        )
