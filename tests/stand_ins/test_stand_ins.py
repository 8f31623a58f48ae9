"""The stand-ins behave as the services do: seen with requests, and with the real client of Spotify."""

import hashlib
import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import soundfile as sf
import spotipy
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyClientCredentials, SpotifyOAuth, SpotifyOauthError

from tests.stand_ins import music
from tests.stand_ins.previews import BEHAVIOURS
from tests.stand_ins.sounds import preview_bytes
from tests.stand_ins.spotify import CLIENT_ID, CLIENT_SECRET
from tests.stand_ins.stand_ins import StandIns, stand_ins
from tests.stand_ins.world import LISTENER, base62

FIRST = base62("small 1")
BACK = "http://127.0.0.1:8913/callback"


@pytest.fixture
def services() -> Iterator[StandIns]:
    with stand_ins(music.small_world()) as running:
        yield running


@pytest.fixture
def http(services: StandIns) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # or a bundle that is set outside would win over this one
    session.verify = services.environment["REQUESTS_CA_BUNDLE"]
    return session


def app_client(services: StandIns, http: requests.Session) -> spotipy.Spotify:
    """The real client, logged in as the app, without retries of its own."""
    keys = SpotifyClientCredentials(CLIENT_ID, CLIENT_SECRET, cache_handler=MemoryCacheHandler())
    keys.OAUTH_TOKEN_URL = services.environment["LABELSCOPE_SPOTIFY_ACCOUNTS_URL"] + "/api/token"
    client = spotipy.Spotify(auth_manager=keys, requests_session=http)
    client.prefix = services.environment["LABELSCOPE_SPOTIFY_API_URL"]
    return client


def login(services: StandIns) -> SpotifyOAuth:
    """A login of the listener, up to where the browser comes back with a code."""
    keys = SpotifyOAuth(
        CLIENT_ID, CLIENT_SECRET, BACK, cache_handler=MemoryCacheHandler(), open_browser=False
    )
    accounts = services.environment["LABELSCOPE_SPOTIFY_ACCOUNTS_URL"]
    keys.OAUTH_TOKEN_URL, keys.OAUTH_AUTHORIZE_URL = f"{accounts}/api/token", f"{accounts}/authorize"
    return keys


def test_the_seed_has_exactly_the_tracks_that_it_is_known_for() -> None:
    world = music.seed_world()
    counts = world.summary()
    assert (counts["playlists"], counts["entries"], counts["with_audio"]) == (6, 2287, 1429)
    assert music.seed_world() == world
    assert len({track.id for track in world.tracks.values()}) == len(world.tracks) == counts["tracks"] == 2235
    assert all(track.isrc is None or track.isrc[-5:].isdigit() for track in world.tracks.values())


def test_the_real_client_reads_a_long_list_page_by_page() -> None:
    world = music.seed_world()
    drumcode = world.playlists["spotify:2a9vewgAKwZoYkJVBqJoLH"]
    with stand_ins(world) as services:
        client = app_client(services, requests.Session())
        items = client.playlist(drumcode.id)["items"]
        entries = items["items"]
        while len(entries) < items["total"]:
            entries += client.playlist_items(drumcode.id, limit=50, offset=len(entries))["items"]
        assert services.dial.count("spotify") == 1 + 13  # 100 with the list itself, then 50 at a time
    found = [entry["item"] for entry in entries]
    wanted = [entry.track.id if isinstance(entry.track, music.Track) else None for entry in drumcode.entries]
    assert [(item and item["type"] == "track" and item["id"]) or None for item in found] == wanted
    assert found.count(None) == 2
    assert (
        sum(entry["is_local"] for entry in entries)
        == sum(bool(item) and not item["track"] for item in found)
        == 1
    )


@pytest.mark.parametrize(
    ("app_class", "shape", "items", "batch", "features", "previews"),
    [
        ("extended", "items", True, 200, 200, True),
        ("dev_before_2026", "tracks", True, 200, 403, False),
        ("dev_after_2026", "tracks", False, 403, 403, False),
    ],
)
def test_an_app_gets_what_its_class_gets(
    app_class: str, shape: str, items: bool, batch: int, features: int, previews: bool
) -> None:
    with stand_ins(music.small_world(), app_class, shape) as services:
        client = app_client(services, http=requests.Session())
        playlist, track = client.playlist(FIRST), next(iter(services.world.tracks))
        assert ("tracks" in playlist, "items" in playlist) == (
            items and shape == "tracks",
            items and shape == "items",
        )
        header = {"Authorization": client._auth_headers()["Authorization"]}
        for path, status in (
            (f"playlists/{FIRST}/items", 200 if items else 403),
            (f"tracks?ids={track}", batch),
            (f"tracks/{track}", 200),
            (f"audio-features?ids={track},unknown", features),
            ("playlists/0000000000000000000000", 404),
            (f"playlists/{FIRST}/items?limit=51", 400 if items else 403),
        ):
            assert requests.get(services.spotify.api_url + path, headers=header).status_code == status, path
        assert (client.track(track)["preview_url"] is not None) == previews
        assert ("popularity" in client.track(track)) == (app_class != "dev_after_2026")


def test_only_the_owner_of_a_list_may_read_it_since_2026() -> None:
    with stand_ins(music.small_world(), "dev_after_2026") as services:
        keys = login(services)
        back = requests.get(keys.get_authorize_url(), allow_redirects=False).headers["Location"]
        keys.get_access_token(parse_qs(urlsplit(back).query)["code"][0], as_dict=False)
        client = spotipy.Spotify(auth_manager=keys, requests_session=requests.Session())
        client.prefix = services.spotify.api_url
        assert "items" not in client.playlist(FIRST)
        services.world.playlists[f"spotify:{FIRST}"].owner = LISTENER
        assert client.playlist_items(FIRST)["total"] == 20


def test_a_login_lasts_until_its_refresh_token_dies(services: StandIns, http: requests.Session) -> None:
    keys = login(services)
    back = http.get(keys.get_authorize_url(state="s"), allow_redirects=False).headers["Location"]
    answer = parse_qs(urlsplit(back).query)
    assert back.startswith(BACK) and answer["state"] == ["s"]
    keys.get_access_token(answer["code"][0], as_dict=False)
    first = keys.cache_handler.get_cached_token()
    newer = keys.refresh_access_token(first["refresh_token"])
    assert newer["access_token"] != first["access_token"] and newer["refresh_token"] == first["refresh_token"]
    with pytest.raises(SpotifyOauthError, match="invalid_grant"):  # a code is good for one time
        keys.get_access_token(answer["code"][0], as_dict=False, check_cache=False)
    services.spotify.dead_grant = "Refresh token expired"
    with pytest.raises(SpotifyOauthError, match="Refresh token expired"):
        keys.refresh_access_token(first["refresh_token"])


def test_failures_arrive_as_the_client_sees_real_ones(services: StandIns, http: requests.Session) -> None:
    client = app_client(services, http)
    services.dial.fail_next("spotify", "429-long", "503", "html-200", "reset", path=f"playlists/{FIRST}")
    with pytest.raises(spotipy.SpotifyException) as blocked:
        client.playlist(FIRST)
    assert (blocked.value.http_status, blocked.value.reason) == (429, "QUOTA_EXCEEDED")
    assert blocked.value.headers["Retry-After"] == "86400"
    with pytest.raises(spotipy.SpotifyException) as busy:
        client.playlist(FIRST)
    assert busy.value.http_status == 503
    assert client.playlist(FIRST) is None  # what spotipy makes of a page of HTML
    with pytest.raises(requests.RequestException):
        client.playlist(FIRST)
    services.spotify.expire_tokens()
    with pytest.raises(spotipy.SpotifyException, match="The access token expired"):
        client.playlist(FIRST)
    assert [kind for *_, kind in services.dial.failures["spotify"]] == [
        "429-long",
        "503",
        "html-200",
        "reset",
    ]


def test_a_list_can_move_under_its_reader() -> None:
    world = music.long_world(230)
    (playlist,) = world.playlists.values()
    with stand_ins(world) as services:
        client = app_client(services, requests.Session())
        services.shift_during_read("spotify", playlist.id, after_page=2)
        read = client.playlist(playlist.id)
        ids = [entry["item"]["id"] for entry in read["items"]["items"]]
        for offset in (100, 150, 200):
            ids += [
                entry["item"]["id"]
                for entry in client.playlist_items(playlist.id, offset=offset, limit=50)["items"]
            ]
        assert len(ids) == 230 and len(set(ids)) == 229  # one twice, one never
        assert client.playlist(playlist.id, fields="snapshot_id,name") == {
            "name": "Long list",
            "snapshot_id": playlist.snapshot,
        }
        assert playlist.snapshot != read["snapshot_id"]


def test_deezer_finds_by_isrc_and_its_errors_have_status_200(
    services: StandIns, http: requests.Session
) -> None:
    api, world = services.deezer.api_url, services.world
    (track,) = world.trapped("odd_isrc")
    found = http.get(f"{api}track/isrc:{track.isrc}").json()
    assert found["title"] == track.title and "bpm" not in found and found["id"] > 2**31
    assert "bpm" in http.get(f"{api}track/{found['id']}").json()
    (unknown,) = world.trapped("unknown_isrc")
    missing = http.get(f"{api}track/isrc:{unknown.isrc}")
    assert (missing.status_code, missing.json()["error"]["code"]) == (200, 800)
    page = http.get(f"{api}playlist/908622995/tracks?index=2&limit=3").json()
    assert (
        (len(page["data"]), page["total"]) == (3, 7)
        and "index=5" in page["next"]
        and "index=0" in page["prev"]
    )
    services.dial.fail_next("deezer", "deezer-4", "deezer-700")
    assert [http.get(f"{api}playlist/908622995").json()["error"]["code"] for _ in range(2)] == [4, 700]


def test_deezers_quota_is_a_rolling_window(services: StandIns, http: requests.Session) -> None:
    services.deezer.limit, services.deezer.window_seconds = 3, 0.4
    address = f"{services.deezer.api_url}playlist/908622995"

    def answers(times: int) -> list[bool]:
        return ["error" not in http.get(address).json() for _ in range(times)]

    assert answers(5) == [True, True, True, False, False]
    time.sleep(0.4)
    assert answers(4) == [True, True, True, False]
    assert services.deezer.refused == 3


def test_previews_are_audio_of_their_own_and_deezers_expire(
    services: StandIns, http: requests.Session
) -> None:
    seen = set()
    for id in services.world.deezer:
        audio = http.get(services.previews.deezer_url(id)).content
        seen.add(hashlib.sha256(audio).hexdigest())
    silent = [track for track in services.world.deezer.values() if not track.preview]
    assert len(seen) == len(services.world.deezer) - len(silent) + 1
    (track,) = [track for track in services.world.trapped("own") if track.title.endswith(" 3")]
    own = http.get(f"{services.previews.url}mp3-preview/{track.id}?cid=x")
    assert own.headers["content-type"] == "audio/mpeg" and hashlib.sha256(own.content).hexdigest() not in seen
    assert 3.7 < sf.info(io.BytesIO(own.content)).duration < 4
    fresh = services.previews.deezer_url(id)
    services.previews.deezer_seconds = -1
    assert http.get(services.previews.deezer_url(id)).status_code == 403
    assert http.get(fresh.replace("exp=", "exp=9")).status_code == 403


def test_the_preview_host_misbehaves_as_told(services: StandIns, http: requests.Session) -> None:
    previews = services.previews
    with pytest.raises(requests.RequestException):
        _ = http.get(previews.behaving("truncated")).content
    for behaviour in ("endless", "oversized", "slow"):
        with http.get(previews.behaving(behaviour), stream=True) as answer:
            assert len(next(answer.iter_content(3))) in (1, 3)
    assert http.get(previews.behaving("html-as-mp3")).headers["content-type"].startswith("audio/mpeg")
    for behaviour in (name for name in BEHAVIOURS if name.startswith("redirect")):
        request = http.prepare_request(requests.Request("GET", previews.behaving(behaviour)))
        # By the adapter: a session would read where it leads, which may be no address at all.
        answer = http.get_adapter(str(request.url)).send(request, verify=http.verify)
        assert answer.is_redirect, behaviour
    assert not services.requests["trap"]
    for behaviour in ("redirect-http", "redirect-host", "redirect-port"):
        assert http.get(previews.behaving(behaviour)).ok
    assert len(services.requests["trap"]) == 3
    with pytest.raises(requests.TooManyRedirects):
        http.get(previews.behaving("redirect-loop"))
    (track,) = services.world.trapped("feat")
    previews.behaviours[str(music.twin_of(services.world, track).id)] = "410"
    assert http.get(previews.deezer_url(music.twin_of(services.world, track).id)).status_code == 410


def test_reccobeats_leaves_out_what_it_does_not_know() -> None:
    world = music.long_world(60)
    with stand_ins(world) as services:
        address = services.environment["LABELSCOPE_RECCOBEATS_API_URL"] + "/v1/audio-features"
        asked = {"ids": ",".join(["unknown", *world.tracks])}
        assert requests.get(address, params=asked).status_code == 403  # Python's own name is not welcome
        rows = requests.get(address, params=asked, headers={"User-Agent": "Labelscope"}).json()["content"]
    ids = [row["href"].rpartition("/")[2] for row in rows]
    of_ours = [id for id in ids if id in world.tracks]
    assert set(of_ours) < set(list(world.tracks)[:39]) and len(of_ours) < len(ids)
    assert of_ours != [id for id in world.tracks if id in of_ours]
    assert {"key", "tempo", "valence"} < rows[0].keys() and "time_signature" not in rows[0]


def test_the_dial_fails_a_set_share_and_the_same_ones_again() -> None:
    failures = []
    for _ in range(2):
        with stand_ins(music.small_world(), failure=0.2, seed=3) as services, requests.Session() as http:
            services.dial.kinds["deezer"] = ("503", "deezer-4", "deezer-700")
            for index in range(300):
                http.get(f"{services.deezer.api_url}playlist/908622995/tracks?index={index}")
            assert services.dial.count("deezer") == 300
            failures.append(services.dial.failures["deezer"])
    assert failures[0] == failures[1] and 30 < len(failures[0]) < 90
    assert {kind for *_, kind in failures[0]} == {"503", "deezer-4", "deezer-700"}


def test_the_stand_ins_run_as_a_process_and_serve_the_same_bytes() -> None:
    command = [sys.executable, "-m", "tests.stand_ins.stand_ins", "--world", "small"]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        environment = json.loads(process.stdout.readline())
        (host,) = json.loads(environment["LABELSCOPE_PREVIEW_HOSTS"])
        assert 'playlists = ["deezer:908622995"]' in Path(environment["LABELSCOPE_LABELS"]).read_text()
        track = music.small_world().trapped("deezer")[0]
        audio = requests.get(
            f"https://{host}/mp3-preview/{track.id}", verify=environment["REQUESTS_CA_BUNDLE"]
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert audio.content == preview_bytes(track.sound, track.id)
