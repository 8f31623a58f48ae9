"""Spotify as a source: playlists by their id, entries page by page, audio features where the app may have them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sources.errors import ChangedWhileReading, TransientError, Unavailable
from sources.http import RetryPolicy
from sources.metadata.storable import storable
from sources.metadata.tags import clean_text
from sources.records import MAX_ENTRIES, Entry, KnownHashes, Playlist, Reference, Rejection
from sources.spotify.api import API_URL, MAX_IDS, SpotifyApi, metadata_only
from sources.spotify.auth import ACCOUNTS_URL, Key, SpotifyAccess
from sources.spotify.records import PROVIDER, Seen, is_spotify_id, list_in, read_entry
from sources.track_features import TrackFeatures, read_features

# All that Spotify says of a playlist but its entries: one small answer.
METADATA = (
    "id,uri,type,name,description,snapshot_id,owner,public,collaborative,external_urls,images,primary_color"
)


@dataclass(frozen=True, slots=True)
class SpotifySource:
    """Playlists and tracks of Spotify. Nothing is asked, not even for a token, before the first call."""

    api: SpotifyApi
    provider: str = PROVIDER

    def fetch_playlist(self, reference: Reference) -> Playlist:
        """The playlist with its snapshot, for one request. Raises Unavailable, TransientError, RateLimited, LoginNeeded."""
        playlist_id = reference.external_id
        said = self.api.playlist(_checked(playlist_id), METADATA)
        name = said.get("name")
        return Playlist(
            provider=self.provider,
            external_id=playlist_id,
            name=clean_text(name if isinstance(name, str) else "") or playlist_id,
            label=reference.label,
            snapshot_id=clean_text(said["snapshot_id"]),
            raw=storable({key: value for key, value in said.items() if key not in ("items", "tracks")}),
        )

    def entries(self, playlist: Playlist, known: KnownHashes) -> Iterator[Entry | Rejection]:  # noqa: ARG002
        """The playlist's entries in order; no audio, as Spotify has none to hand out.

        Raises ChangedWhileReading where the list is not, or no longer, what `playlist` saw: what was yielded counts for nothing then,
        and a new look is needed. Raises Unavailable, TransientError, RateLimited, LoginNeeded.
        """
        playlist_id = _checked(playlist.external_id)
        said = self.api.playlist(playlist_id)
        if clean_text(said["snapshot_id"]) != playlist.snapshot_id:
            raise _moved(playlist)
        page = list_in(said)
        if page is None:
            raise metadata_only(playlist_id)
        if not isinstance(page.get("items"), list) or not isinstance(page.get("total"), int):
            page = self.api.page(playlist_id, 0)
        total, seen, offset = page["total"], Seen(), 0
        while True:
            for entry in page["items"]:
                yield read_entry(entry, seen)
            offset += len(page["items"])
            if offset >= total:
                break
            if offset > MAX_ENTRIES:
                raise TransientError(
                    f"Spotify (playlists/{playlist_id}/items) lists entries without end; run again."
                )
            page = self.api.page(playlist_id, offset)
            if page["total"] != total or page.get("offset", offset) != offset:
                raise _moved(playlist)
            if not page["items"]:
                break
        now = self.api.playlist(playlist_id, "snapshot_id")
        if offset > total or clean_text(now["snapshot_id"]) != playlist.snapshot_id:
            raise _moved(playlist)
        if offset < total:
            yield Rejection(
                f"spotify:playlist:{playlist_id}",
                "not_listed",
                f"Spotify counts {total - offset} more entries in {playlist.name!r} than it lists; look at them there.",
                {"total": total, "listed": offset},
            )

    def audio_features(self, track_ids: list[str]) -> dict[str, TrackFeatures | None]:
        """Spotify's own figures for up to 100 tracks by their ids, for one request; None for those that it has none of.

        Raises CapabilityDenied where this app may not have them; TransientError, RateLimited, LoginNeeded.
        """
        if len(track_ids) > MAX_IDS:
            raise ValueError(f"{len(track_ids)} tracks at once; Spotify takes {MAX_IDS}.")
        features: dict[str, TrackFeatures | None] = dict.fromkeys(track_ids)
        asked = [track_id for track_id in features if is_spotify_id(track_id)]
        if not asked:
            return features
        for record in self.api.audio_features(asked)["audio_features"]:
            if isinstance(record, dict) and record.get("id") in asked:
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
    """Spotify by the key of an app, as the person whose login is in `token_file` where there is one.

    `timeout_seconds` is for each wait for more of an answer; all of it has half a minute, see `sources.sender`.
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


def _moved(playlist: Playlist) -> ChangedWhileReading:
    return ChangedWhileReading(
        f"The Spotify playlist {playlist.name!r} changed while it was read; run again."
    )
