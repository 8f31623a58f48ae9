"""ReccoBeats' audio features: unknown ids are left out, the order is not kept."""

import hashlib
import random
import uuid
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.stand_ins.world import Track, World, plain_isrc

MOST_IDS = 40
NAMES = ["acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness", "valence"]


@dataclass
class ReccoBeats:
    """Knows about seven in eight tracks, by Spotify's id or by ISRC; of some it has two rows, or no ISRC, or no key."""

    world: World

    def __post_init__(self) -> None:
        known = [track for track in self.world.tracks.values() if dice(track) != 0]
        self.by_id = {track.id: track for track in known}
        self.by_isrc = {plain_isrc(track.isrc): track for track in known if track.isrc}

    def app(self) -> Starlette:
        """/v1/audio-features."""
        return Starlette(routes=[Route("/v1/audio-features", self._features)])

    async def _features(self, request: Request) -> Response:
        if request.headers.get("user-agent", "python").startswith("python"):
            return Response("Forbidden", 403)
        ids = [id for text in request.query_params.getlist("ids") for id in text.split(",") if id]
        if not ids:
            body = {
                "timestamp": "2026-11-01T00:00:00",
                "error": "ids must not be empty",
                "path": "",
                "status": 4001,
            }
            return JSONResponse(body, 400)
        rows = []
        for id in ids[:MOST_IDS]:
            track = self.by_id.get(id) or self.by_isrc.get(id)
            if track is not None:
                rows.append(row(track, track.id))
                if dice(track) == 1:  # a second release with the same ISRC
                    rows.append(row(track, hashlib.sha256(track.id.encode()).hexdigest()[:22]))
        random.Random(len(rows)).shuffle(rows)
        return JSONResponse({"content": rows})


def dice(track: Track) -> int:
    """0 to 7: what is odd about a track here."""
    return hashlib.sha256(b"reccobeats" + track.id.encode()).digest()[0] % 8


def row(track: Track, spotify_id: str) -> dict[str, Any]:
    rng = random.Random(track.id)
    body: dict[str, Any] = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, spotify_id)),
        "href": f"https://open.spotify.com/track/{spotify_id}",
        **{name: round(rng.random(), 4) for name in NAMES},
        "key": -1 if dice(track) == 2 else rng.randint(0, 11),
        "loudness": round(rng.uniform(-20, -4), 3),
        "mode": rng.randint(0, 1),
        "tempo": round(rng.uniform(90, 150), 3),
    }
    if track.isrc and dice(track) != 3:
        body["isrc"] = plain_isrc(track.isrc)
    return body
