"""The JSON in which Spotify's Web API speaks."""

import hashlib
import random
from typing import Any

from tests.stand_ins.world import Playlist, Track, base62


def playlist_json(playlist: Playlist, api_url: str) -> dict[str, Any]:
    return {
        "collaborative": False,
        "description": playlist.description,
        "external_urls": {"spotify": f"https://open.spotify.com/playlist/{playlist.id}"},
        "href": f"{api_url}playlists/{playlist.id}",
        "id": playlist.id,
        "images": [{"url": "https://i.scdn.co/image/1", "height": 640, "width": 640}],
        "name": playlist.name,
        "owner": {"id": playlist.owner, "display_name": playlist.owner, "type": "user"},
        "primary_color": None,
        "public": True,
        "snapshot_id": playlist.snapshot,
        "type": "playlist",
        "uri": f"spotify:playlist:{playlist.id}",
    }


def artist_json(name: str) -> dict[str, Any]:
    id = base62(f"artist {name}")
    return {
        "id": id,
        "name": name,
        "type": "artist",
        "uri": f"spotify:artist:{id}",
        "href": "",
        "external_urls": {},
    }


def local_json(number: int) -> dict[str, Any]:
    """A file from somebody's disk: no id, no ISRC, artists and album without ids."""
    names = {"name": "Somebody", "id": None, "type": "artist", "uri": None, "href": None, "external_urls": {}}
    album = {"album_type": None, "artists": [], "id": None, "images": [], "name": "Bootlegs", "type": "album"}
    return {
        "album": album | {"release_date": None, "release_date_precision": None, "uri": None},
        "artists": [names],
        "disc_number": 0,
        "duration_ms": 215000,
        "explicit": False,
        "external_ids": {},
        "external_urls": {},
        "href": None,
        "id": None,
        "is_local": True,
        "name": f"Bootleg {number}",
        "popularity": 0,
        "preview_url": None,
        "track_number": 0,
        "type": "track",
        "uri": f"spotify:local:Somebody:Bootlegs:Bootleg+{number}:215",
        "episode": False,
        "track": True,
    }


def episode_json(number: int) -> dict[str, Any]:
    id = base62(f"episode {number}")
    return {
        "description": "Talk.",
        "duration_ms": 3_600_000,
        "explicit": False,
        "external_urls": {},
        "href": "",
        "id": id,
        "is_playable": True,
        "name": f"Episode {number}",
        "release_date": "2024-01-01",
        "release_date_precision": "day",
        "show": {"name": "A label's radio show", "publisher": "The label", "type": "show"},
        "type": "episode",
        "uri": f"spotify:episode:{id}",
        "episode": True,
        "track": False,
    }


def has_features(id: str) -> bool:
    """One known track in sixteen was never analysed."""
    return hashlib.sha256(id.encode()).digest()[0] % 16 != 0


def features_json(id: str, api_url: str) -> dict[str, Any]:
    rng = random.Random(id)
    names = [
        "danceability",
        "energy",
        "speechiness",
        "acousticness",
        "instrumentalness",
        "liveness",
        "valence",
    ]
    return {
        **{name: round(rng.random(), 4) for name in names},
        "key": rng.randint(-1, 11),
        "loudness": round(rng.uniform(-20, -4), 3),
        "mode": rng.randint(0, 1),
        "tempo": round(rng.uniform(90, 150), 3),
        "time_signature": 4,
        "duration_ms": 212000,
        "type": "audio_features",
        "id": id,
        "uri": f"spotify:track:{id}",
        "track_href": f"{api_url}tracks/{id}",
        "analysis_url": f"{api_url}audio-analysis/{id}",
    }


def track_json(track: Track, api_url: str, preview_url: str | None, whole: bool) -> dict[str, Any]:
    """`whole`: with the fields that apps made since February 2026 do not get."""
    artists = [artist_json(name) for name in track.artists]
    body = {
        "album": {
            "album_type": "album",
            "artists": artists[:1],
            "id": base62(f"album {track.album}"),
            "images": [{"url": "https://i.scdn.co/image/0", "height": 640, "width": 640}],
            "name": track.album,
            "release_date": track.released,
            "release_date_precision": ("year", "month", "day")[track.released.count("-")],
            "total_tracks": 6,
            "type": "album",
            "uri": f"spotify:album:{base62(f'album {track.album}')}",
        },
        "artists": artists,
        "disc_number": 1,
        "duration_ms": track.duration_ms,
        "explicit": False,
        "external_ids": {"isrc": track.isrc} if track.isrc else {},
        "external_urls": {"spotify": f"https://open.spotify.com/track/{track.id}"},
        "href": f"{api_url}tracks/{track.id}",
        "id": track.id,
        "is_local": False,
        "is_playable": True,
        "name": track.title,
        "preview_url": preview_url,
        "track_number": 1,
        "type": "track",
        "uri": f"spotify:track:{track.id}",
        "episode": False,
        "track": True,
    }
    if whole:
        body |= {"popularity": len(track.title) % 101, "available_markets": ["DE", "GB", "SE"]}
    return body
