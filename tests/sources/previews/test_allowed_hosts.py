"""Which hosts a download may reach, however its address is written."""

import os
from pathlib import Path

import pytest
import requests
import urllib3
from hypothesis import example, given
from hypothesis import strategies as st

from sources.previews.download import DownloadError, download, is_allowed

HOSTS = ["*.dzcdn.net", "media.example.org", "127.0.0.1:8443", "[::1]:8443"]


# Which hosts are allowed


@pytest.mark.parametrize(
    "url",
    [
        "https://cdnt-preview.dzcdn.net/a.mp3?hdnea=exp=1~hmac=2",
        "https://a.b.dzcdn.net:443/",
        "HTTPS://CDN.DZCDN.NET/",
        "https://media.example.org",
        "https://127.0.0.1:8443/x",
        "https://[::1]:8443/x",
    ],
)
def test_allowed(url: str) -> None:
    assert is_allowed(requests.Request("GET", url).prepare().url or "", HOSTS)


@pytest.mark.parametrize(
    "url",
    [
        "http://cdnt-preview.dzcdn.net/",
        "ftp://cdnt-preview.dzcdn.net/",
        "file:///etc/hostname",
        "//cdnt-preview.dzcdn.net/",
        "https:///a.mp3",
        "https://dzcdn.net/",
        "https://.dzcdn.net/",
        "https://..dzcdn.net/",
        "https://evildzcdn.net/",
        "https://cdn.dzcdn.net.evil.org/",
        "https://cdn.dzcdn.net./",
        "https://cdn.dzcdn.net:8443/",
        "https://cdn.dzcdn.net:80/",
        "https://cdn.dzcdn.net:99999/",
        "https://cdn.dzcdn.net@evil.org/",
        "https://user:word@cdn.dzcdn.net/",
        "https://evil.org\\.dzcdn.net/",
        "https://evil.org#.dzcdn.net/",
        "https://evil.org?.dzcdn.net/",
        "https://evil.org%2f.dzcdn.net/",
        "https://evil.org\t.dzcdn.net/",
        "https://*.dzcdn.net/",
        "https://cdn.ⓓzcdn.net/",
        "https://cdn。dzcdn.net.evil.org/",
        "https://dzсdn.net/",
        "https://127.0.0.1/x",
        "https://127.0.0.1:8444/x",
        "https://localhost:8443/x",
        "https://2130706433:8443/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]:8443/x",
        "https://sub.media.example.org/",
        "",
    ],
)
def test_refused(url: str) -> None:
    assert not is_allowed(url, HOSTS)
    assert not reaches(url)


@pytest.mark.parametrize("url", ["https://@cdn.dzcdn.net/", "https://cdn.dzcdn.net:0/"])
def test_what_is_no_plain_address_is_only_asked_as_one(url: str) -> None:
    assert not is_allowed(url, HOSTS)
    assert reaches(url) == "https://cdn.dzcdn.net/"


NAMES = """
    dzcdn.net cdn.dzcdn.net CDN.dzcdn.NET evil.org dzcdn.net.evil.org media.example.org 127.0.0.1 [::1] localhost
    ｄzcdn.net dzсdn.net xn--dzcdn %40 %2f 。 \u200b :443 :8443 @@ // @ : / \\ ? # . % & ; [ ]
"""
names = st.sampled_from([*NAMES.split(), *" \t\n\r\0"])
schemes = st.sampled_from(["https://", "http://", "HTTPS://", "https:/", "https:\\\\", "//", " https://", ""])
pieces = st.lists(names | st.text(max_size=3), max_size=6).map("".join)


@given(schemes, pieces)
@example("https://", "cdn.dzcdn.net/a.mp3")
def test_whatever_is_written_only_allowed_hosts_are_reached(scheme: str, rest: str) -> None:
    """Two parsers that know nothing of ours say where the prepared request would go."""
    reached = reaches(scheme + rest)
    if reached:
        other = urllib3.util.parse_url(reached)
        assert (other.scheme, other.auth) == ("https", None)
        address = (other.host or "", other.port or 443)
        allowed = {("media.example.org", 443), ("127.0.0.1", 8443), ("[::1]", 8443)}
        below = address[0].endswith(".dzcdn.net") and address[1] == 443
        assert below or address in allowed, reached


def reaches(url: str) -> str | None:
    """The address that a request for `url` would be sent to; None where it is refused."""
    sent: list[str] = []

    class Recorder(requests.Session):
        def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:
            sent.append(request.url or "")
            raise requests.ConnectionError

    with pytest.raises(DownloadError) as caught:
        download(Recorder(), url, Path(os.devnull), hosts=HOSTS)
    assert caught.value.reason == ("unreachable" if sent else "host_refused")
    return sent[0] if sent else None
