"""Spotify's Web API and its accounts service, as far as Labelscope asks them."""

import base64
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.stand_ins.faults import spotify_error
from tests.stand_ins.spotify_json import (
    episode_json,
    features_json,
    has_features,
    local_json,
    playlist_json,
    track_json,
)
from tests.stand_ins.world import LISTENER, Entry, Playlist, Track, World

CLIENT_ID = "c0ffee00c0ffee00c0ffee00c0ffee00"
CLIENT_SECRET = "5ec2e75ec2e75ec2e75ec2e75ec2e75e"
FIRST_PAGE = 100  # entries that the playlist itself carries


@dataclass
class Token:
    """An access token; `user` is None where the app itself logged in."""

    expires_at: float
    user: str | None


@dataclass
class Spotify:
    """The service's state, which tests may change while it runs.

    `app_class`: "extended" (previews, audio features), "dev_before_2026", or "dev_after_2026" (no batches, and
    lists of others have no items). `shape` of entries: "items" (since 2026), "tracks" (before), "both".
    """

    world: World
    api_url: str
    previews_url: str
    app_class: str = "extended"
    shape: str = "items"
    token_seconds: int = 3600
    login_denied: bool = False
    dead_grant: str = ""  # such as "Refresh token expired": every refresh fails
    tokens: dict[str, Token] = field(default_factory=dict)
    refresh_tokens: dict[str, str] = field(default_factory=dict)  # token -> user
    codes: dict[str, str] = field(default_factory=dict)  # code -> redirect uri
    secrets: list[str] = field(default_factory=lambda: [CLIENT_SECRET])  # all that no log may hold

    def expire_tokens(self) -> None:
        """Every access token is from now on an expired one."""
        for token in self.tokens.values():
            token.expires_at = 0

    def secret(self, start: str) -> str:
        self.secrets.append(start + secrets.token_urlsafe(48))
        return self.secrets[-1]

    # --- accounts ---

    def accounts(self) -> Starlette:
        """POST /api/token and GET /authorize."""
        return Starlette(
            routes=[
                Route("/api/token", self._token, methods=["POST"]),
                Route("/authorize", self._authorize),
            ]
        )

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        back = asked.get("redirect_uri", "")
        if asked.get("client_id") != CLIENT_ID or asked.get("response_type") != "code":
            return PlainTextResponse("INVALID_CLIENT: Invalid client", 400)
        if not back.startswith(("https://", "http://127.0.0.1:")):
            return PlainTextResponse("INVALID_CLIENT: Insecure redirect URI", 400)
        answer = {"state": asked["state"]} if "state" in asked else {}
        if self.login_denied:
            return RedirectResponse(f"{back}?{urlencode({'error': 'access_denied', **answer})}", 302)
        code = self.secret("AQ")
        self.codes[code] = back
        return RedirectResponse(f"{back}?{urlencode({'code': code, **answer})}", 302)

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {expected}":
            return grant_error("invalid_client", "Invalid client secret")
        if form.get("grant_type") == "client_credentials":
            return JSONResponse(self._new_token(None))
        if form.get("grant_type") == "authorization_code":
            back = self.codes.pop(form.get("code", ""), None)
            if back is None or back != form.get("redirect_uri"):
                return grant_error("invalid_grant", "Invalid authorization code")
            refresh = self.secret("AQ")
            self.refresh_tokens[refresh] = LISTENER
            scope = "playlist-read-private playlist-read-collaborative"
            return JSONResponse(self._new_token(LISTENER) | {"refresh_token": refresh, "scope": scope})
        if form.get("grant_type") == "refresh_token":
            user = self.refresh_tokens.get(form.get("refresh_token", ""))
            if user is None or self.dead_grant:
                return grant_error("invalid_grant", self.dead_grant or "Refresh token revoked")
            return JSONResponse(self._new_token(user))  # no new refresh token: the old one stays
        return grant_error("unsupported_grant_type", "grant_type parameter is missing")

    def _new_token(self, user: str | None) -> dict[str, Any]:
        token = self.secret("BQ")
        self.tokens[token] = Token(time.time() + self.token_seconds, user)
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.token_seconds}

    # --- the Web API ---

    def api(self) -> Starlette:
        """/v1/playlists, /v1/tracks, /v1/audio-features."""
        asked = {
            "/v1/playlists/{id}": self._playlist,
            "/v1/playlists/{id}/items": self._items,
            "/v1/playlists/{id}/tracks": self._old_items,
            "/v1/tracks": self._tracks,
            "/v1/tracks/": self._tracks,
            "/v1/tracks/{id}": self._track,
            "/v1/audio-features": self._features,
            "/v1/audio-features/": self._features,
        }

        def checked(answer: Any) -> Any:
            async def check_token(request: Request) -> Response:
                return self._token_error(request) or answer(request)

            return check_token

        return Starlette(routes=[Route(path, checked(answer)) for path, answer in asked.items()])

    def _user(self, request: Request) -> str | None:
        return self.tokens[request.headers["authorization"].removeprefix("Bearer ")].user

    def _token_error(self, request: Request) -> Response | None:
        header = request.headers.get("authorization", "")
        if not header.startswith("Bearer "):
            return spotify_error(401, "No token provided")
        token = self.tokens.get(header.removeprefix("Bearer "))
        if token is None:
            return spotify_error(401, "Invalid access token")
        return spotify_error(401, "The access token expired") if token.expires_at < time.time() else None

    def _find(self, request: Request) -> Playlist | Response:
        playlist = self.world.playlists.get(f"spotify:{request.path_params['id']}")
        if playlist is None or playlist.status == "gone":
            return spotify_error(404, "Resource not found")
        return spotify_error(403, "Forbidden") if playlist.status == "forbidden" else playlist

    def _hides_items(self, playlist: Playlist, request: Request) -> bool:
        foreign = self.app_class == "dev_after_2026" and playlist.owner != self._user(request)
        return foreign or playlist.status == "metadata_only"

    @property
    def _key(self) -> str:
        return "tracks" if self.shape == "tracks" and self.app_class != "dev_after_2026" else "items"

    def _playlist(self, request: Request) -> Response:
        playlist = self._find(request)
        if isinstance(playlist, Response):
            return playlist
        fields = top_level(request.query_params.get("fields", ""))
        body = playlist_json(playlist, self.api_url)
        if not self._hides_items(playlist, request) and (not fields or self._key in fields):
            body[self._key] = self._page(playlist, 0, FIRST_PAGE)
            playlist.page_served(first=True)
        return JSONResponse({name: body[name] for name in body if not fields or name in fields})

    def _items(self, request: Request, longest: int = 50, usual: int = 20) -> Response:
        playlist = self._find(request)
        if isinstance(playlist, Response):
            return playlist
        if self._hides_items(playlist, request):
            return spotify_error(403, "Forbidden")
        try:
            limit = int(request.query_params.get("limit", usual))
            offset = int(request.query_params.get("offset", 0))
        except ValueError:
            return spotify_error(400, "Invalid limit")
        if not 1 <= limit <= longest or offset < 0:
            return spotify_error(400, "Invalid limit")
        body = self._page(playlist, offset, limit)
        playlist.page_served(first=offset == 0)
        fields = top_level(request.query_params.get("fields", ""))
        return JSONResponse({name: body[name] for name in body if not fields or name in fields})

    def _old_items(self, request: Request) -> Response:
        if self.app_class == "dev_after_2026":
            return spotify_error(403, "Forbidden")
        return self._items(request, longest=100, usual=100)

    def _page(self, playlist: Playlist, offset: int, limit: int) -> dict[str, Any]:
        entries, address = playlist.entries, f"{self.api_url}playlists/{playlist.id}/{self._key}"
        longest = min(limit, 50 if self._key == "items" else 100)

        def link(start: int) -> str:
            return f"{address}?offset={start}&limit={longest}"

        end = offset + limit
        return {
            "href": link(offset),
            "items": [self._entry(entry, number) for number, entry in enumerate(entries[offset:end], offset)],
            "limit": limit,
            "next": link(end) if end < len(entries) else None,
            "offset": offset,
            "previous": link(max(0, offset - limit)) if offset else None,
            "total": len(entries),
        }

    def _entry(self, entry: Entry, number: int) -> dict[str, Any]:
        track = entry.track
        item: dict[str, Any] | None = None
        if entry.kind == "local":
            item = local_json(number)
        elif entry.kind == "episode":
            item = episode_json(number)
        elif isinstance(track, Track):
            item = self._track_json(track)
        by = {"id": "u", "type": "user", "uri": "spotify:user:u", "href": "", "external_urls": {}}
        keys = {"items": ("item",), "tracks": ("track",)}[self._key]
        return {
            "added_at": entry.added_at,
            "added_by": by if entry.added_at else None,
            "is_local": entry.kind == "local",
            "primary_color": None,
            **dict.fromkeys(("item", "track") if self.shape == "both" else keys, item),
            "video_thumbnail": {"url": None},
        }

    def _tracks(self, request: Request) -> Response:
        ids = request.query_params.get("ids", "").split(",")
        if self.app_class == "dev_after_2026":
            return spotify_error(403, "Forbidden")
        if len(ids) > 50:
            return spotify_error(400, "Too many ids requested")
        known = [self.world.tracks.get(id) for id in ids]
        return JSONResponse({"tracks": [track and self._track_json(track) for track in known]})

    def _track(self, request: Request) -> Response:
        track = self.world.tracks.get(request.path_params["id"])
        return JSONResponse(self._track_json(track)) if track else spotify_error(404, "Resource not found")

    def _features(self, request: Request) -> Response:
        ids = request.query_params.get("ids", "").split(",")
        if self.app_class != "extended":
            return spotify_error(403, None)  # without a message, as the real one
        if len(ids) > 100:
            return spotify_error(400, "Too many ids requested")
        known = [id if id in self.world.tracks and has_features(id) else None for id in ids]
        return JSONResponse({"audio_features": [id and features_json(id, self.api_url) for id in known]})

    def _track_json(self, track: Track) -> dict[str, Any]:
        preview = f"{self.previews_url}mp3-preview/{track.id}?cid={CLIENT_ID}"
        seen = self.app_class == "extended" and track.own_preview
        whole = self.app_class != "dev_after_2026"
        return track_json(track, self.api_url, preview if seen else None, whole)


def grant_error(error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, 400)


def top_level(fields: str) -> set[str]:
    """The outer names of a filter such as "name,items(total,items(added_at))"."""
    depth, text = 0, ""
    for letter in fields:
        depth += (letter == "(") - (letter == ")")
        text += letter if depth == 0 and letter != ")" else ""
    return {name.split(".")[0].strip() for name in text.split(",")} - {""}
