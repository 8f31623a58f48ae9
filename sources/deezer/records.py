"""A track as Deezer words it, as a Track: pure functions from JSON."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from common.text import NO_ARTIST
from sources.metadata.storable import storable, text_in
from sources.metadata.tags import artist_key, clean_text, collect, describe
from sources.records import Artist, Track

PROVIDER = "deezer"
LATEST_S = 253_402_300_799  # seconds since 1970 at the end of the year 9999


class UnusableRecordError(Exception):
    """An entry of a playlist is no track. Arguments: a reason code, and what follows its name in the sentence."""


LONGEST_S = 7 * 86_400.0  # of a recording; more is a mistake


def read_track(record: Mapping[str, Any]) -> Track:
    """A track, of a playlist or alone. Raises UnusableRecordError."""
    kind = record.get("type", "track")
    if kind != "track":
        raise UnusableRecordError(
            "episode", f"is of the kind {clean_text(text_in(kind))!r}; only tracks are used."
        )
    track_id = id_of(record)
    if track_id is None:
        raise UnusableRecordError(
            "malformed", "has no id; look at it on Deezer, and remove it from the list."
        )
    if track_id.startswith("-"):
        raise UnusableRecordError(
            "local_file", "is somebody's own upload; put the file into a folder source."
        )
    title = clean_text(text_in(record.get("title")) or text_in(record.get("title_short")))
    if not title:
        raise UnusableRecordError(
            "malformed", "has no title; look at it on Deezer, and remove it from the list."
        )
    album = _dict(record.get("album"))
    said = {
        "title": title,
        "album": album.get("title"),
        "isrc": record.get("isrc"),
        "date": record.get("release_date") or album.get("release_date"),
    }
    known = collect((name, value) for name, value in said.items() if isinstance(value, str))
    description = describe(known, title)
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


def id_of(record: Mapping[str, Any]) -> str | None:
    """Deezer's number of a track or an artist; negative for somebody's own upload, None where it makes no sense."""
    number = record.get("id")
    text = str(number) if isinstance(number, int | str) and not isinstance(number, bool) else ""
    return text if re.fullmatch(r"-?[1-9][0-9]{0,18}", text) else None


def artist_names(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Everybody whom Deezer credits, the main artist included."""
    return tuple(artist.name for artist in _artists(record))


def seconds_of(record: Mapping[str, Any]) -> float | None:
    """The track's length, which may be a string in the JSON; None where it is 0 or missing."""
    try:
        seconds = float(record.get("duration") or 0)
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 < seconds <= LONGEST_S else None


def preview_of(record: Mapping[str, Any]) -> str | None:
    """The signed address of the preview: to be used at once, and never kept."""
    address = record.get("preview")
    return address if isinstance(address, str) and address else None


def added_at_of(record: Mapping[str, Any]) -> datetime | None:
    """When the track came into its playlist."""
    seconds = record.get("time_add")
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit():
        seconds = int(seconds[:15])
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds <= LATEST_S:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def unsigned(record: Any) -> Any:
    """JSON as PostgreSQL can hold it, with `has_preview` in place of each `preview`, a signed address soon dead."""
    return _without_previews(storable(record))


def _without_previews(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_previews(item) for name, item in value.items() if name != "preview"}
        return kept | {"has_preview": preview_of(value) is not None} if "preview" in value else kept
    return [_without_previews(item) for item in value] if isinstance(value, list) else value


def _artists(record: Mapping[str, Any]) -> tuple[Artist, ...]:
    """In order of credit: the contributors, or the one artist where they are not listed."""
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
