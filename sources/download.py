"""One audio file from an address that somebody else chose: only from hosts we know, only audio, never without end."""

import hashlib
import re
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from sources.clips import UnusableError, probe
from sources.http import fault_of, retry_after_of
from sources.tags import clean_text

MAX_BYTES = 8 * 2**20  # a preview of 30 s has half of one
MAX_REDIRECTS = 5
CHUNK = 64 * 1024  # bytes
ENDINGS = {"MP3": "mp3", "FLAC": "flac", "OGG": "ogg", "WAV": "wav", "WAVEX": "wav", "AIFF": "aiff"}


class DownloadError(Exception):
    """There is no file. The message is one sentence that names the host alone, as addresses can be signed.

    `reason`: host_refused, too_large, wrong_type, truncated, too_slow, expired, http_<status>, unreachable.
    `again`: whether it may pass by itself. `retry_after_seconds`: how long the host wants to be left alone.
    """

    def __init__(
        self, reason: str, sentence: str, *, again: bool, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.again = again
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A whole file at `path`, `<sha256>.<ending>`, whose format the decoder knows."""

    path: Path
    sha256: str
    bytes: int
    ending: str
    duration_s: float


def download(
    session: requests.Session,
    url: str,
    folder: Path,
    *,
    hosts: Collection[str],
    max_bytes: int = MAX_BYTES,
    deadline_seconds: float = 60.0,
    timeout_seconds: float = 20.0,
) -> Downloaded:
    """Fetch the audio at `url` into `folder`, under a name made of its content.

    Only `hosts` are asked, redirects included, see `is_allowed`. `timeout_seconds` holds for each wait for the host,
    `deadline_seconds` for all of it; it is looked at after each wait. Raises DownloadError, and OSError where the
    folder cannot be written; then nothing is left behind.
    """
    deadline = time.monotonic() + deadline_seconds
    with closing(_open(session, url, hosts, deadline, timeout_seconds)) as response:
        host = _host_of(response.url)
        file = tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False)  # noqa: SIM115
        draft = Path(file.name)
        try:
            digest, size = hashlib.sha256(), 0
            with file:
                for chunk in _chunks(response, host, deadline):
                    size += len(chunk)
                    if size > max_bytes:
                        _refuse_size(host, max_bytes)
                    digest.update(chunk)
                    file.write(chunk)
            duration_s, ending = _require_audio(draft, host)
            path = draft.replace(folder / f"{digest.hexdigest()}.{ending}")
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    return Downloaded(path, digest.hexdigest(), size, ending, duration_s)


def is_allowed(url: str, hosts: Collection[str]) -> bool:
    """Whether `url` is https, without a user's name, and its host one of `hosts`, letter by letter.

    Hosts: "*.dzcdn.net" (whatever is below), "media.example.org" (itself alone), each on port 443, or with a port:
    "127.0.0.1:8443", "[::1]:8443".
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not url.isascii() or not url.isprintable():  # parsers do not agree on what these are for
        return False
    if parts.scheme != "https" or "@" in parts.netloc or not re.fullmatch(r"[a-z0-9:.-]+", host):
        return False
    return any(_matches(host, 443 if port is None else port, entry) for entry in hosts)


def _matches(host: str, port: int, entry: str) -> bool:
    allowed = urlsplit(f"//{entry}")
    name = allowed.hostname or ""
    if port != (allowed.port or 443):
        return False
    if name.startswith("*."):
        return re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*" + re.escape(name[1:]), host) is not None
    return host == name


def _open(
    session: requests.Session, url: str, hosts: Collection[str], deadline: float, timeout_seconds: float
) -> requests.Response:
    """The answer at the end of all redirects, its body still to be read. Raises DownloadError."""
    for _ in range(MAX_REDIRECTS + 1):
        request = _prepare(session, url, hosts)
        response = _send(session, request, deadline, timeout_seconds)
        if not response.is_redirect:
            break
        url = urljoin(response.url, response.headers["Location"])
        response.close()
    if response.status_code != 200:
        response.close()
        raise _explain(response)
    return response


def _prepare(session: requests.Session, url: str, hosts: Collection[str]) -> requests.PreparedRequest:
    """The request as it will be sent: it is this one's host that must be allowed, however `url` was written."""
    wanted = requests.Request("GET", url, headers={"Accept-Encoding": "identity"})
    try:
        request = session.prepare_request(wanted)
    except (requests.RequestException, ValueError):  # no address at all
        request = None
    if request is None or not is_allowed(request.url or "", hosts):
        shown = _host_of((request.url if request else None) or "") or "An address without a host"
        sentence = (
            "is no host that previews come from over https; if it is one now, add it to the allowed hosts."
        )
        raise DownloadError("host_refused", f"{shown} {sentence}", again=False)
    return request


def _send(
    session: requests.Session, request: requests.PreparedRequest, deadline: float, timeout_seconds: float
) -> requests.Response:
    host = _host_of(request.url or "")
    left = _require_time(host, deadline)
    environment = session.merge_environment_settings(request.url, {}, True, None, None)
    try:
        return session.send(request, allow_redirects=False, timeout=min(timeout_seconds, left), **environment)
    except requests.ReadTimeout:
        problem = _too_slow(host)
    except requests.RequestException as error:
        sentence = f"{host} {fault_of(error)}; check the connection, and run again."
        problem = DownloadError("unreachable", sentence, again=True)
    raise problem  # out here, so that it drags along no error that holds the address


def _chunks(response: requests.Response, host: str, deadline: float) -> Iterator[bytes]:
    """The body piece by piece as it arrives, which a slow host cannot hold up. Raises DownloadError."""
    while True:
        _require_time(host, deadline)
        try:
            chunk = response.raw.read1(CHUNK, decode_content=False)
        except ReadTimeoutError:
            problem = _too_slow(host)
            break
        except HTTPError:
            sentence = f"{host} broke off before the end of the file; run again."
            problem = DownloadError("truncated", sentence, again=True)
            break
        if not chunk:
            return
        yield chunk
    raise problem


def _require_audio(path: Path, host: str) -> tuple[float, str]:
    """(seconds, the usual ending of a file's name) by the file's content. Raises DownloadError."""
    cause = "is in a format that is not used here"
    try:
        sound = probe(path)
        ending = ENDINGS.get(sound.format["format"])
        if ending is not None:
            return sound.duration_s, "opus" if sound.format["codec"] == "OPUS" else ending
    except UnusableError as error:
        cause = error.args[1].partition(";")[0].rstrip(".")
    sentence = f"What {host} sent as a preview {cause}; listen to it there, or let another source give it."
    raise DownloadError("wrong_type", sentence, again=False)


def _require_time(host: str, deadline: float) -> float:
    """The seconds left. Raises DownloadError where there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise _too_slow(host)
    return left


def _too_slow(host: str) -> DownloadError:
    return DownloadError(
        "too_slow", f"{host} takes too long; check the connection, and run again.", again=True
    )


def _refuse_size(host: str, max_bytes: int) -> NoReturn:
    sentence = (
        f"{host} sent more than {max_bytes / 2**20:g} MiB, which is no preview; let another source give it."
    )
    raise DownloadError("too_large", sentence, again=False)


def _explain(response: requests.Response) -> DownloadError:
    """The error behind a status that is not 200."""
    host, status = _host_of(response.url), response.status_code
    if status in (403, 410):
        sentence = f"{host} no longer gives out this address ({status}); a new one has to be asked for."
        return DownloadError("expired", sentence, again=True)
    if status in (408, 425, 429) or status >= 500:
        wait = retry_after_of(response.headers) if status == 429 else None
        sentence = f"{host} answered {status}; run again in a while."
        return DownloadError(f"http_{status}", sentence, again=True, retry_after_seconds=wait)
    sentence = f"{host} has no preview there (it answered {status}); let another source give it."
    return DownloadError(f"http_{status}", sentence, again=False)


def _host_of(url: str) -> str:
    try:
        return clean_text(urlsplit(url).hostname or "")[:100]
    except ValueError:
        return ""
