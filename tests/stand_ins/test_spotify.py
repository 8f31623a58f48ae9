"""The fake Spotify behaves as the real one does, seen with the real client of Spotify."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import spotipy
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyClientCredentials, SpotifyOAuth, SpotifyOauthError

from tests.stand_ins import music
from tests.stand_ins.spotify import CLIENT_ID, CLIENT_SECRET
from tests.stand_ins.stand_ins import StandIns, stand_ins
from tests.stand_ins.world import LISTENER, base62

FIRST = base62("small 1")
BACK = "http://127.0.0.1:8913/callback"


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
