"""Downloads from a host over TLS that behaves, and from one that misbehaves in every way."""

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sources.previews.download import Downloaded, DownloadError, download
from sources.sender import Limits, new_session
from tests.stand_ins.music import World, base62, make_track
from tests.stand_ins.previews import preview_bytes
from tests.stand_ins.stand_ins import StandIns, stand_ins


@pytest.fixture(scope="module")
def services() -> Iterator[StandIns]:
    world = World()
    world.know(make_track(1))
    with stand_ins(world) as running, pytest.MonkeyPatch.context() as patch:
        for name in ("REQUESTS_CA_BUNDLE", "NO_PROXY"):
            patch.setenv(name, running.environment[name])
        yield running


@pytest.fixture
def fetch(services: StandIns, tmp_path: Path) -> Iterator[Callable[..., Downloaded]]:
    """Downloads into `tmp_path`; afterwards nothing lies there but whole files, and nobody went astray."""
    services.dial.forget()
    host = urlsplit(services.previews.url).netloc
    usual = Limits(seconds=5, wait_seconds=2)
    session = new_session(limits=usual)

    def fetch_one(url: str, hosts: list[str] | None = None, limits: Limits = usual) -> Downloaded:
        by = session if limits is usual else new_session(limits=limits)
        return download(by, url, tmp_path, hosts=hosts or [host])

    yield fetch_one
    assert not services.requests["trap"]
    assert {file.suffix for file in tmp_path.iterdir()} <= {".mp3"}


def refusal(fetch: Callable[..., Downloaded], url: str, **limits: Any) -> DownloadError:
    """The error of a download that fails; it never tells the query, and hangs on to no error that does."""
    with pytest.raises(DownloadError) as caught:
        fetch(f"{url}?hmac=SIGNATURE", **limits)
    error = caught.value
    shown = str(error)
    assert "SIGNATURE" not in shown
    assert shown.endswith(".")
    assert ". " not in shown.rstrip(".")
    linked: list[BaseException | None] = [error.__cause__, error.__context__]
    assert not any("SIGNATURE" in str(one) for one in linked)
    return error


# A host that behaves


def test_a_preview_lies_under_the_name_of_its_content(fetch, services, tmp_path) -> None:
    track = base62("track 1")
    content = preview_bytes(services.world.tracks[track].sound, track)
    file = fetch(f"{services.previews.url}mp3-preview/{track}?cid=1")
    sha256 = hashlib.sha256(content).hexdigest()
    assert (file.sha256, file.bytes, file.ending) == (sha256, len(content), "mp3")
    assert file.path == tmp_path / f"{sha256}.mp3"
    assert file.path.read_bytes() == content
    assert file.duration_s == pytest.approx(3.75, abs=0.2)
    assert fetch(f"{services.previews.url}mp3-preview/{track}") == file  # again, over what is there


@pytest.mark.parametrize("behaviour", ["plain", "mp3-as-html", "redirect-fine"])
def test_content_counts_not_its_type_and_redirects_within_the_host_are_fine(
    fetch, services, behaviour
) -> None:
    file = fetch(services.previews.behaving(behaviour, "x.exe"))
    assert file.path.suffix == ".mp3"


def test_eight_threads_share_a_session(fetch, services, tmp_path) -> None:
    files: list[Downloaded] = []
    urls = [services.previews.behaving("plain", f"{number % 4}") for number in range(16)]
    threads = [threading.Thread(target=lambda url=url: files.append(fetch(url))) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(files) == 16
    assert sorted(tmp_path.iterdir()) == sorted({file.path for file in files})
    assert len({file.sha256 for file in files}) == 4


# A host that misbehaves


@pytest.mark.parametrize(
    ("behaviour", "reason", "doubtful"),
    [
        ("truncated", "truncated", False),
        ("html", "wrong_type", True),
        ("html-as-mp3", "wrong_type", True),
        ("empty", "wrong_type", True),
        ("403", "expired", True),
        ("410", "expired", True),
        ("404", "http_404", True),
        ("204", "http_204", True),
        ("408", "http_408", False),
        ("500", "http_500", False),
        ("503", "http_503", False),
        ("redirect-http", "host_refused", True),
        ("redirect-host", "host_refused", True),
        ("redirect-port", "host_refused", True),
        ("redirect-private", "host_refused", True),
        ("redirect-file", "host_refused", True),
        ("redirect-bad", "host_refused", True),
        ("redirect-loop", "http_302", True),
    ],
)
def test_each_misbehaviour_has_its_reason(fetch, services, tmp_path, behaviour, reason, doubtful) -> None:
    error = refusal(fetch, services.previews.behaving(behaviour))
    assert (error.reason, error.doubtful) == (reason, doubtful)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("behaviour", ["oversized", "endless"])
def test_what_is_too_large_is_cut_off(fetch, services, tmp_path, behaviour) -> None:
    error = refusal(fetch, services.previews.behaving(behaviour), limits=Limits(200_000, 5, 2))
    assert (error.reason, error.doubtful) == ("too_large", True)
    assert not list(tmp_path.iterdir())


def test_a_file_of_just_the_limit_is_whole(fetch, services) -> None:
    url = services.previews.behaving("plain")
    size = fetch(url).bytes
    assert fetch(url, limits=Limits(size, 5, 2)).bytes == size
    assert refusal(fetch, url, limits=Limits(size - 1, 5, 2)).reason == "too_large"


def test_dripping_does_not_outlast_the_deadline(fetch, services) -> None:
    began = time.monotonic()
    error = refusal(fetch, services.previews.behaving("slow"), limits=Limits(seconds=0.4))
    assert (error.reason, error.doubtful) == ("too_slow", False)
    assert time.monotonic() - began < 1.5


def test_silence_is_too_slow(fetch, services) -> None:
    error = refusal(fetch, services.previews.behaving("stall"), limits=Limits(wait_seconds=0.2))
    assert (error.reason, error.doubtful) == ("too_slow", False)


def test_no_host_there(fetch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = refusal(fetch, f"https://127.0.0.1:{port}/a.mp3", hosts=[f"127.0.0.1:{port}"])
    assert (error.reason, error.doubtful) == ("unreachable", False)


def test_a_certificate_of_nobody_known_is_refused(fetch, services, monkeypatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    error = refusal(fetch, services.previews.behaving("plain"))
    assert error.reason == "unreachable"
    assert "TLS" in str(error)


def test_too_many_requests_say_how_long_to_wait(fetch, services) -> None:
    services.dial.fail_next("previews", "429-long")
    error = refusal(fetch, services.previews.behaving("plain"))
    assert (error.reason, error.doubtful, error.retry_after_seconds) == ("http_429", False, 86_400)


def test_a_folder_that_cannot_be_written_is_no_fault_of_the_host(services, tmp_path) -> None:
    host = urlsplit(services.previews.url).netloc
    with pytest.raises(FileNotFoundError):
        download(new_session(), services.previews.behaving("plain"), tmp_path / "gone", hosts=[host])
