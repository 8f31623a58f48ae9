"""Spotify as a source: playlists by their id, entries page by page, audio features where the app may have them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sources.errors import ChangedWhileReading, TransientError, Unavailable
from sources.http import RetryPolicy
from sources.metadata.storable import storable
from sources.metadata.tags import clean_text
from sources.records import MAX_ENTRIES, Entry, KnownHashes, Playlist, Reference, Rejection
from sources.spotify.api import API_URL, MAX_IDS, JsonObject, SpotifyApi, metadata_only
from sources.spotify.auth import ACCOUNTS_URL, Key, SpotifyAccess
from sources.spotify.records import PROVIDER, Seen, is_spotify_id, list_in, read_entry
from sources.track_features import TrackFeatures, read_features

# All fields of a playlist but its entries: one small answer.
METADATA = (
    "id,uri,type,name,description,snapshot_id,owner,public,collaborative,external_urls,images,primary_color"
)


@dataclass(frozen=True, slots=True)
class SpotifySource:
    """Playlists and tracks of Spotify. Creating one sends no request."""

    api: SpotifyApi
    provider: str = PROVIDER

    def fetch_playlist(self, reference: Reference) -> Playlist:
        """The playlist with its snapshot. Costs one request.

        Raises Unavailable, TransientError, RateLimited and LoginNeeded.
        """
        playlist_id = reference.external_id
        answer = self.api.playlist(_checked(playlist_id), METADATA)
        name = answer.get("name")
        return Playlist(
            provider=self.provider,
            external_id=playlist_id,
            name=clean_text(name if isinstance(name, str) else "") or playlist_id,
            label=reference.label,
            snapshot_id=clean_text(answer["snapshot_id"]),
            raw=storable({key: value for key, value in answer.items() if key not in ("items", "tracks")}),
        )

    def entries(self, playlist: Playlist, known_hashes: KnownHashes) -> Iterator[Entry | Rejection]:  # noqa: ARG002
        """Yield the playlist's entries in order, without audio. `known_hashes` is not used.

        Raises ChangedWhileReading where the playlist is not, or no longer, in the state of `playlist`: then fetch it
        again, and discard these entries. Raises Unavailable, TransientError, RateLimited and LoginNeeded.
        """
        playlist_id = _checked(playlist.external_id)
        seen, listed, total = Seen(), 0, 0
        for page_total, items in self._pages(playlist):
            total = page_total
            for item in items:
                yield read_entry(item, seen)
            listed += len(items)
        answer = self.api.playlist(playlist_id, "snapshot_id")
        if listed > total or clean_text(answer["snapshot_id"]) != playlist.snapshot_id:
            raise _changed(playlist)
        if listed < total:
            yield Rejection(
                f"spotify:playlist:{playlist_id}",
                "not_listed",
                f"Spotify counts {total - listed} more entries in {playlist.name!r} than it lists; look at them there.",
                {"total": total, "listed": listed},
            )

    def _pages(self, playlist: Playlist) -> Iterator[tuple[int, list[Any]]]:
        """Yield (number of entries in all, entries of the page) for each page.

        Raises ChangedWhileReading where the snapshot is another, or a page does not continue the one before.
        """
        playlist_id = playlist.external_id
        page = self._first_page(playlist)
        total, offset = page["total"], 0
        while True:
            yield total, page["items"]
            offset += len(page["items"])
            if offset >= total:
                return
            if offset > MAX_ENTRIES:
                raise TransientError(
                    f"Spotify (playlists/{playlist_id}/items) lists entries without end; run again."
                )
            page = self.api.page(playlist_id, offset)
            if page["total"] != total or page.get("offset", offset) != offset:
                raise _changed(playlist)
            if not page["items"]:
                return

    def _first_page(self, playlist: Playlist) -> JsonObject:
        """The first page, out of the playlist's own answer where it has one."""
        answer = self.api.playlist(playlist.external_id)
        if clean_text(answer["snapshot_id"]) != playlist.snapshot_id:
            raise _changed(playlist)
        page = list_in(answer)
        if page is None:
            raise metadata_only(playlist.external_id)
        if not isinstance(page.get("items"), list) or not isinstance(page.get("total"), int):
            page = self.api.page(playlist.external_id, 0)
        return page

    def audio_features(self, track_ids: list[str]) -> dict[str, TrackFeatures | None]:
        """Spotify's audio features of up to 100 tracks, by their ids; None where it has none. Costs one request.

        Raises CapabilityDenied where this app may not have them; TransientError, RateLimited and LoginNeeded.
        """
        if len(track_ids) > MAX_IDS:
            raise ValueError(f"{len(track_ids)} tracks at once; Spotify takes {MAX_IDS}.")
        features: dict[str, TrackFeatures | None] = dict.fromkeys(track_ids)
        valid_ids = [track_id for track_id in features if is_spotify_id(track_id)]
        if not valid_ids:
            return features
        for record in self.api.audio_features(valid_ids)["audio_features"]:
            if isinstance(record, dict) and record.get("id") in valid_ids:
                features[record["id"]] = read_features(record)
        return features


def connect_spotify(
    client_id: str | None,
    client_secret: str | None,
    *,
    token_file: Path,
    api_url: str = API_URL,
    accounts_url: str = ACCOUNTS_URL,
    retry_policy: RetryPolicy | None = None,
    timeout_seconds: float = 20.0,
) -> SpotifySource:
    """Spotify with the key of an app, as the person whose login is in `token_file` where there is one.

    `timeout_seconds` limits each wait for more of an answer. All of an answer has 30 s, see `sources.sender`.
    """
    access = SpotifyAccess(Key(client_id, client_secret, accounts_url, timeout_seconds), token_file)
    return SpotifySource(SpotifyApi(access, api_url, retry_policy or RetryPolicy(), timeout_seconds))


def _checked(playlist_id: str) -> str:
    if not is_spotify_id(playlist_id):
        raise Unavailable(
            f"{clean_text(playlist_id)!r} is no id of a Spotify playlist; copy the letters and digits after "
            "open.spotify.com/playlist/ out of its link.",
            "gone",
        )
    return playlist_id


def _changed(playlist: Playlist) -> ChangedWhileReading:
    return ChangedWhileReading(
        f"The Spotify playlist {playlist.name!r} changed while it was read; run again."
    )
