"""Deezer's API, as far as Labelscope asks it: playlists and tracks, no key, errors with status 200."""

import hashlib
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.stand_ins.faults import deezer_error
from tests.stand_ins.previews import Previews
from tests.stand_ins.world import DeezerTrack, Entry, Playlist, World, plain_isrc

LONGEST_PAGE = 100


@dataclass
class Deezer:
    """The service's state, which tests may change while it runs.

    The quota is a true rolling window: `limit` requests in any `window_seconds`, a little under the 5 s that clients
    keep to, so that the network's jitter refuses nobody. Refused requests do not count.
    """

    world: World
    api_url: str
    previews: Previews
    limit: int = 50
    window_seconds: float = 4.8
    refused: int = 0
    _answered: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def app(self) -> Starlette:
        """/playlist/{id}, /playlist/{id}/tracks, /track/{id}, /track/isrc:{ISRC}."""
        asked = {
            "/playlist/{id}": self._playlist,
            "/playlist/{id}/tracks": self._tracks,
            "/track/{id}": self._track,
        }

        def checked(answer: Any) -> Any:
            async def check_quota(request: Request) -> Response:
                if self._over_quota():
                    return deezer_error("Exception", "Quota limit exceeded", 4)
                return answer(request)

            return check_quota

        return Starlette(routes=[Route(path, checked(answer)) for path, answer in asked.items()])

    def _over_quota(self) -> bool:
        now = time.monotonic()
        with self._lock:
            while self._answered and self._answered[0] <= now - self.window_seconds:
                self._answered.popleft()
            if len(self._answered) >= self.limit:
                self.refused += 1
                return True
            self._answered.append(now)
            return False

    def _find(self, request: Request) -> Playlist | Response:
        playlist = self.world.playlists.get(f"deezer:{request.path_params['id']}")
        if playlist is None or playlist.status == "gone":
            return no_data()
        if playlist.status == "forbidden":
            words = "An active access token must be used to query information about the current user"
            return deezer_error("OAuthException", words, 200)
        return playlist

    def _playlist(self, request: Request) -> Response:
        playlist = self._find(request)
        if isinstance(playlist, Response):
            return playlist
        tracks = [self._entry(entry) for entry in playlist.entries[:400]]
        body = {
            "id": int(playlist.id),
            "title": playlist.name,
            "description": playlist.description,
            "duration": sum(int(track["duration"]) for track in tracks),
            "public": True,
            "collaborative": False,
            "nb_tracks": len(playlist.entries),
            "fans": 12,
            "link": f"https://www.deezer.com/playlist/{playlist.id}",
            "checksum": checksum(playlist),
            "creation_date": "2013-11-06 17:00:00",
            "creator": {"id": 1, "name": playlist.owner, "type": "user"},
            "type": "playlist",
            "tracks": {"data": tracks, "checksum": checksum(playlist)},
        }
        return JSONResponse(body)

    def _tracks(self, request: Request) -> Response:
        playlist = self._find(request)
        if isinstance(playlist, Response):
            return playlist
        index = int(request.query_params.get("index", 0))
        limit = min(int(request.query_params.get("limit", 25)), LONGEST_PAGE)
        entries, end = playlist.entries, index + limit
        address = f"{self.api_url}playlist/{playlist.id}/tracks?limit={limit}&index="
        body: dict[str, Any] = {
            "data": [self._entry(entry) for entry in entries[index:end]],
            "checksum": checksum(playlist),
            "total": len(entries),
        }
        if index:
            body["prev"] = f"{address}{max(0, index - limit)}"
        if end < len(entries):
            body["next"] = f"{address}{end}"
        playlist.page_served(first=index == 0)
        return JSONResponse(body)

    def _track(self, request: Request) -> Response:
        asked = request.path_params["id"]
        if asked.startswith("isrc:"):
            id = self.world.deezer_by_isrc.get(plain_isrc(asked.removeprefix("isrc:")), 0)
        else:
            id = int(asked) if asked.isdecimal() else 0
        track = self.world.deezer.get(id)
        if track is None:
            return no_data()
        body = self._track_json(track)
        bpm = (0, 123, 127.5)[track.id % 3]  # 0: not measured
        body |= {
            "share": f"https://www.deezer.com/track/{track.id}?utm_source=deezer",
            "track_position": 4,
            "disk_number": 1,
            "release_date": "2001-03-07",
            "available_countries": ["FR", "DE", "SE"],
            "contributors": [{**body["artist"], "role": "Main"}],
        }
        if not asked.startswith("isrc:"):
            body |= {"bpm": bpm, "gain": -12.4 if bpm else 0}
        return JSONResponse(body)

    def _entry(self, entry: Entry) -> dict[str, Any]:
        """A list's item: fewer fields than the track itself, and the day on which it came in."""
        assert isinstance(entry.track, DeezerTrack)
        added = {} if entry.added_at is None else {"time_add": epoch(entry.added_at)}
        return self._track_json(entry.track) | added

    def _track_json(self, track: DeezerTrack) -> dict[str, Any]:
        cover = hashlib.md5(track.album.encode()).hexdigest()
        body: dict[str, Any] = {
            "id": track.id,
            "readable": track.readable,
            "title": track.title,
            "title_short": track.title.split(" (")[0],
            "title_version": "",
            "link": f"https://www.deezer.com/track/{track.id}",
            "duration": str(track.duration_s) if track.id % 5 == 0 else track.duration_s,
            "rank": 760033,
            "explicit_lyrics": False,
            "explicit_content_lyrics": 0,
            "explicit_content_cover": 0,
            "preview": self.previews.deezer_url(track.id) if track.preview else "",
            "md5_image": cover,
            "artist": {"id": number_of(track.artist), "name": track.artist, "type": "artist"},
            "album": {
                "id": number_of(track.album),
                "title": track.album,
                "md5_image": cover,
                "type": "album",
            },
            "type": "track",
        }
        if track.isrc is not None:
            body["isrc"] = track.isrc
        return body


def no_data() -> Response:
    return deezer_error("DataException", "no data", 800)


def checksum(playlist: Playlist) -> str:
    return hashlib.md5(playlist.snapshot.encode()).hexdigest()


def number_of(name: str) -> int:
    return int.from_bytes(hashlib.md5(name.encode()).digest()[:4])


def epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())
