"""Download of one audio file from an address that a service names: from allowed hosts, audio only, within limits."""

import hashlib
import re
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests

from common.errors import LabelscopeError
from sound.errors import AudioError
from sound.probe import probe
from sources.http import cause_of, retry_after_of
from sources.metadata.tags import clean_text
from sources.sender import Fault

DEADLINE_SECONDS = 60.0  # with all redirects
MAX_REDIRECTS = 5
ENDINGS = {"MP3": "mp3", "FLAC": "flac", "Ogg": "ogg", "WAV": "wav", "AIFF": "aiff", "M4A": "m4a"}

CURES = {
    "too_large": "let another source give it",
    "too_slow": "check the connection, and run again",
    "truncated": "run again",
    "unreachable": "check the connection, and run again",
}


class DownloadError(LabelscopeError):
    """The file could not be downloaded. The message is one sentence; it names the host alone, as addresses are signed.

    `reason`: host_refused, too_large, wrong_type, expired, truncated, too_slow, http_<status>, unreachable.
    `doubtful`: the host has answered; whether for good, only a second attempt on another day shows. Every other fault
    may pass by itself. `retry_after_seconds`: the wait that the host asks for.
    """

    def __init__(
        self,
        reason: str,
        sentence: str,
        *,
        doubtful: bool = False,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.doubtful = doubtful
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A complete file at `path`, named `<sha256>.<ending>`, in a format that the decoder reads."""

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
    deadline_seconds: float = DEADLINE_SECONDS,
) -> Downloaded:
    """Download the audio at `url` into `folder`, under a name made of its content.

    Requests, redirects included, go to `hosts` alone, see `is_allowed`. `deadline_seconds` bounds all of them together,
    the session's limits each answer. Raises DownloadError, and OSError where the folder cannot be written; then
    nothing is left behind.
    """
    response = _fetch(session, url, hosts, time.monotonic() + deadline_seconds)
    host, content = _host_of(response.url), response.content
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
        draft = Path(file.name)
        try:
            file.write(content)
            file.flush()
            duration_s, ending = _require_audio(draft, host)
            sha256 = hashlib.sha256(content).hexdigest()
            path = draft.replace(folder / f"{sha256}.{ending}")
        finally:
            draft.unlink(missing_ok=True)
    return Downloaded(path, sha256, len(content), ending, duration_s)


def is_allowed(url: str, hosts: Collection[str]) -> bool:
    """Whether `url` is https, without a user name, and its host is one of `hosts`.

    Hosts: "*.dzcdn.net" (all subdomains), "media.example.org" (itself alone), each on port 443, or with a port:
    "127.0.0.1:8443", "[::1]:8443".
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not url.isascii() or not url.isprintable():  # parsers differ on such characters
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


def _fetch(session: requests.Session, url: str, hosts: Collection[str], deadline: float) -> requests.Response:
    """The answer at the end of all redirects. Raises DownloadError."""
    for _ in range(MAX_REDIRECTS + 1):
        response = _send(session, _prepare(session, url, hosts), deadline)
        if not response.is_redirect:
            break
        url = _target_of(response)
    if response.status_code != 200:
        raise _explain(response)
    return response


def _target_of(response: requests.Response) -> str:
    """The target of a redirect; "" where it is not an address."""
    try:
        return urljoin(response.url, response.headers["Location"])
    except ValueError:
        return ""


def _prepare(session: requests.Session, url: str, hosts: Collection[str]) -> requests.PreparedRequest:
    """The request to send, if its host is allowed. Preparing it may change the host in `url`."""
    unprepared = requests.Request("GET", url, headers={"Accept-Encoding": "identity"})
    try:
        request = session.prepare_request(unprepared)
    except (requests.RequestException, ValueError):  # not an address
        request = None
    if request is None or not is_allowed(request.url or "", hosts):
        shown = _host_of((request.url if request else None) or "") or "An address without a host"
        sentence = "is not an allowed https host of previews; if it is one now, add it to the allowed hosts."
        raise DownloadError("host_refused", f"{shown} {sentence}", doubtful=True)
    return request


def _send(session: requests.Session, request: requests.PreparedRequest, deadline: float) -> requests.Response:
    host = _host_of(request.url or "")
    environment = session.merge_environment_settings(request.url, {}, None, None, None)
    try:
        return session.send(request, timeout=deadline - time.monotonic(), **environment)
    except requests.RequestException as error:
        reason = error.reason if isinstance(error, Fault) else "unreachable"
        sentence = f"{host} {cause_of(error)}; {CURES[reason]}."
    # Outside of the `except` block, so that no error is attached to it that holds the address.
    raise DownloadError(reason, sentence, doubtful=reason == "too_large")


def _require_audio(path: Path, host: str) -> tuple[float, str]:
    """(duration in seconds, ending of the file name), by the file's content. Raises DownloadError."""
    cause = "is in a format that Labelscope does not read"
    try:
        sound = probe(path)
        ending = ENDINGS.get(sound.format["format"])
        if ending is not None:
            return sound.duration_s, "opus" if sound.format["codec"] == "OPUS" else ending
    except AudioError as error:
        cause = error.fault
    sentence = f"What {host} sent as a preview {cause}; listen to it there, or let another source give it."
    raise DownloadError("wrong_type", sentence, doubtful=True)


def _explain(response: requests.Response) -> DownloadError:
    """The error for a status other than 200."""
    host, status = _host_of(response.url), response.status_code
    if status in (403, 410):
        sentence = f"{host} no longer gives out this address ({status}); a new one has to be asked for."
        return DownloadError("expired", sentence, doubtful=True)
    if status in (408, 425, 429) or status >= 500:
        wait = retry_after_of(response.headers) if status == 429 else None
        sentence = f"{host} answered {status}; run again in a while."
        return DownloadError(f"http_{status}", sentence, retry_after_seconds=wait)
    sentence = f"{host} has no preview there (it answered {status}); let another source give it."
    return DownloadError(f"http_{status}", sentence, doubtful=True)


def _host_of(url: str) -> str:
    try:
        return clean_text(urlsplit(url).hostname or "")[:100]
    except ValueError:
        return ""
