"""Deezer's JSON as tracks: pure functions."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from common.text import NO_ARTIST
from sources.errors import UnusableError
from sources.metadata.storable import storable, text_in
from sources.metadata.tags import artist_key, clean_text, collect, description_of
from sources.records import Artist, Track

PROVIDER = "deezer"
LATEST_S = 253_402_300_799  # seconds since 1970 at the end of the year 9999
LONGEST_S = 7 * 86_400.0  # of a recording; more is a mistake


def read_track(record: Mapping[str, Any]) -> Track:
    """The track in a record of a playlist or of a track. Raises UnusableError."""
    track_id, title = _id_and_title(record)
    album = _dict(record.get("album"))
    fields = {
        "title": title,
        "album": album.get("title"),
        "isrc": record.get("isrc"),
        "date": record.get("release_date") or album.get("release_date"),
    }
    tags = collect((name, value) for name, value in fields.items() if isinstance(value, str))
    description = description_of(tags, title)
    return Track(
        provider=PROVIDER,
        external_id=track_id,
        title=description.title,
        artists=_artists(record),
        album=description.album,
        isrc=description.isrc,
        duration_s=seconds_of(record),
        release_date=description.release_date,
        raw=unsigned(record),
    )


def _id_and_title(record: Mapping[str, Any]) -> tuple[str, str]:
    """Id and title, which make a record a track. Raises UnusableError."""
    kind = record.get("type", "track")
    if kind != "track":
        raise UnusableError(
            "episode", f"is of the kind {clean_text(text_in(kind))!r}", "only tracks are used"
        )
    track_id = id_of(record)
    if track_id is None:
        raise UnusableError("malformed", "has no id", "look at it on Deezer, and remove it from the list")
    if track_id.startswith("-"):
        raise UnusableError("local_file", "is somebody's own upload", "put the file into a folder source")
    title = clean_text(text_in(record.get("title")) or text_in(record.get("title_short")))
    if not title:
        raise UnusableError("malformed", "has no title", "look at it on Deezer, and remove it from the list")
    return track_id, title


def id_of(record: Mapping[str, Any]) -> str | None:
    """Deezer's number of a track or an artist; negative for an upload of a user, None for no valid number."""
    number = record.get("id")
    text = str(number) if isinstance(number, int | str) and not isinstance(number, bool) else ""
    return text if re.fullmatch(r"-?[1-9][0-9]{0,18}", text) else None


def artist_names(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of all artists whom Deezer credits, the main artist included."""
    return tuple(artist.name for artist in _artists(record))


def seconds_of(record: Mapping[str, Any]) -> float | None:
    """The track's length in seconds; None where it is 0 or missing. In the JSON it may be a string."""
    try:
        seconds = float(record.get("duration") or 0)
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 < seconds <= LONGEST_S else None


def preview_of(record: Mapping[str, Any]) -> str | None:
    """The signed address of the preview, or None. Use it at once and never store it."""
    address = record.get("preview")
    return address if isinstance(address, str) and address else None


def added_at_of(record: Mapping[str, Any]) -> datetime | None:
    """When the track was added to its playlist; None where not known."""
    seconds = record.get("time_add")
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit():
        seconds = int(seconds[:15])
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds <= LATEST_S:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def unsigned(record: Any) -> Any:
    """JSON that PostgreSQL can store, with `has_preview` in place of each `preview`, whose address soon expires."""
    return _without_previews(storable(record))


def _without_previews(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_previews(item) for name, item in value.items() if name != "preview"}
        return kept | {"has_preview": preview_of(value) is not None} if "preview" in value else kept
    return [_without_previews(item) for item in value] if isinstance(value, list) else value


def _artists(record: Mapping[str, Any]) -> tuple[Artist, ...]:
    """The contributors in order of credit, or the one artist where none are listed."""
    contributors = record.get("contributors")
    credited: dict[str, Artist] = {}
    for person in [*(contributors if isinstance(contributors, list) else []), record.get("artist")]:
        details = _dict(person)
        name, person_id = clean_text(text_in(details.get("name"))), id_of(details)
        if person_id and artist_key(name) not in NO_ARTIST:
            credited.setdefault(person_id, Artist(PROVIDER, person_id, name))
    return tuple(credited.values())


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
