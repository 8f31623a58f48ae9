"""Spotify's JSON as tracks and rejections: pure functions that raise for no JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from common.text import NO_ARTIST
from sources.metadata.storable import storable, text_in
from sources.metadata.tags import artist_key, clean_text, collect, description_of
from sources.records import Artist, Entry, Rejection, Track

PROVIDER = "spotify"
BASE62 = re.compile(r"[0-9A-Za-z]{1,64}")
MAX_DURATION_S = 7 * 86_400
SPOTIFY_BEGAN = 2006  # for older entries added_at is 1970


@dataclass(slots=True)
class Seen:
    """The track ids and the references of rejections so far in one playlist."""

    track_ids: set[str] = field(default_factory=set)
    references: set[str] = field(default_factory=set)

    def claim(self, reference: str, again: str, number: int = 1) -> str:
        """`reference`, or where it is taken, with the next number in the format `again`, such as " (copy {})"."""
        claimed = reference if number == 1 else reference + again.format(number)
        while claimed in self.references:
            number += 1
            claimed = reference + again.format(number)
        self.references.add(claimed)
        return claimed


def is_spotify_id(value: object) -> bool:
    """Whether the value can be the id of a track or a playlist: letters and digits."""
    return isinstance(value, str) and BASE62.fullmatch(value) is not None


def list_in(playlist: Mapping[str, Any]) -> dict[str, Any] | None:
    """The first page of a playlist's entries, under the new or the old field name; None where we may not see it."""
    for name in ("items", "tracks"):
        if isinstance(page := playlist.get(name), dict):
            return page
    return None


def read_entry(entry: object, seen: Seen) -> Entry | Rejection:
    """The track of one record of a playlist, or a Rejection.

    Reasons: removed_track, local_file, episode, duplicate, malformed.
    """
    stored = storable(entry)
    payload = stored if isinstance(stored, dict) else {"entry": stored}
    item = _item(payload)
    if item is None:
        return _without_track(entry, payload, seen)
    name = clean_text(text_in(item.get("name"))) or "An entry"
    uri = clean_text(text_in(item.get("uri")))
    if payload.get("is_local") is True or item.get("is_local") is True or uri.startswith("spotify:local:"):
        detail = f"{name} is a file on somebody's own disk; put a copy of it into a crate folder."
        return _reject(seen, uri or "spotify:local", "local_file", detail, payload)
    if item.get("type") == "episode" or item.get("episode") is True:
        detail = f"{name} is an episode of a podcast, not a track; remove it from the playlist."
        return _reject(seen, uri or "episode", "episode", detail, payload)
    if not is_spotify_id(item.get("id")) or item.get("type", "track") != "track":
        detail = f"{name} is no track that has an id; remove it from the playlist, or add it again."
        return _reject(seen, uri or "malformed entry", "malformed", detail, payload)
    if item["id"] in seen.track_ids:
        detail = f"{name} is in the playlist more than once and counts once; remove the others."
        return _reject(seen, f"spotify:track:{item['id']}", "duplicate", detail, payload, number=2)
    seen.track_ids.add(item["id"])
    return Entry(read_track(item), clips=(), added_at=_time(payload.get("added_at")))


def read_track(item: dict[str, Any]) -> Track:
    """The track of a track object that has an id. Fields that are missing or of another type become None."""
    album = item.get("album")
    album = album if isinstance(album, dict) else {}
    codes = item.get("external_ids")
    fields = {
        "title": item.get("name"),
        "album": album.get("name"),
        "isrc": codes.get("isrc") if isinstance(codes, dict) else None,
        "date": album.get("release_date"),
    }
    tags = collect((name, value) for name, value in fields.items() if isinstance(value, str))
    description = description_of(tags, "untitled")
    return Track(
        provider=PROVIDER,
        external_id=item["id"],
        title=description.title,
        artists=_artists(item.get("artists")),
        album=description.album,
        isrc=description.isrc,
        duration_s=_seconds(item.get("duration_ms")),
        release_date=description.release_date,
        raw=item,
    )


def _item(entry: object) -> dict[str, Any] | None:
    """The track or episode of an entry, under the new or the old field name; None without one.

    Only an object counts: a track itself has a field "track" too, which is `true`.
    """
    for name in ("item", "track"):
        if isinstance(entry, dict) and isinstance(item := entry.get(name), dict):
            return item
    return None


def _without_track(entry: object, payload: dict[str, Any], seen: Seen) -> Rejection:
    items = (
        [entry.get(name) for name in ("item", "track") if name in entry] if isinstance(entry, dict) else []
    )
    if entry is None or (items and all(item is None or item is True for item in items)):
        detail = "An entry is empty: Spotify has removed its track; remove the entry from the playlist."
        return _reject(seen, "removed track", "removed_track", detail, payload)
    detail = "An entry is not in Spotify's format; run again, or add its track to the playlist again."
    return _reject(seen, "malformed entry", "malformed", detail, payload)


def _reject(
    seen: Seen, reference: str, reason: str, detail: str, payload: dict[str, Any], *, number: int = 1
) -> Rejection:
    again = " (copy {})" if reference.startswith("spotify:") else " ({})"
    return Rejection(seen.claim(reference, again, number), reason, detail, payload)


def _artists(credits: object) -> tuple[Artist, ...]:
    """Each credited artist once, in order. One without an id gets the folded name as id."""
    artists: dict[str, Artist] = {}
    for credit in credits if isinstance(credits, list) else []:
        name = credit.get("name") if isinstance(credit, dict) else None
        if isinstance(name, str) and (key := artist_key(clean_text(name))) not in NO_ARTIST:
            external_id = credit["id"] if is_spotify_id(credit.get("id")) else key
            artists.setdefault(external_id, Artist(PROVIDER, external_id, clean_text(name)))
    return tuple(artists.values())


def _seconds(milliseconds: object) -> float | None:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    return milliseconds / 1000 if 0 < milliseconds <= MAX_DURATION_S * 1000 else None


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
        time = time and (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time if time and time.year >= SPOTIFY_BEGAN else None
