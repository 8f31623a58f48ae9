"""Deezer's public playlists as a source of metadata; `sources.previews` finds the audio."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sources.deezer.api import NO_RIGHT, DeezerApi, Refused, next_index
from sources.deezer.records import added_at_of, read_track, unsigned
from sources.errors import ChangedWhileReading, TransientError, Unavailable, UnusableError
from sources.metadata.storable import text_in
from sources.metadata.tags import clean_text
from sources.records import MAX_ENTRIES, Entry, KnownHashes, Playlist, Reference, Rejection


@dataclass(frozen=True, slots=True)
class DeezerSource:
    """Deezer's playlists, by their numbers such as "908622995"."""

    api: DeezerApi
    provider: str = "deezer"
    max_entries: int = MAX_ENTRIES

    def fetch_playlist(self, reference: Reference) -> Playlist:
        """The playlist in its current state.

        Raises Unavailable ("gone", "forbidden"), TransientError and RateLimited.
        """
        answer = self._about(reference.external_id)
        about = {name: value for name, value in answer.items() if name != "tracks"}
        return Playlist(
            provider=self.provider,
            external_id=reference.external_id,
            name=clean_text(text_in(answer.get("title"))) or reference.external_id,
            label=reference.label,
            snapshot_id=_snapshot_of(answer),
            raw=unsigned(about),
        )

    def entries(self, playlist: Playlist, known_hashes: KnownHashes) -> Iterator[Entry | Rejection]:  # noqa: ARG002
        """Yield every track of the playlist in order, without audio. `known_hashes` is not used.

        Reasons for rejection: duplicate, removed_track, local_file, episode, malformed; not_listed, once, where Deezer
        counts more tracks than it lists. Raises ChangedWhileReading where the playlist is no longer in the state of
        `playlist`.
        """
        references: Counter[str] = Counter()
        records = 0
        total: int | None = None
        for page_total, page in self._pages(playlist.external_id):
            if total is None:
                total = page_total
            elif page_total != total:
                raise _changed(playlist)
            for record in page:
                records += 1
                yield _read(record, references)
        about = self._about(playlist.external_id)
        if _snapshot_of(about) != playlist.snapshot_id:
            raise _changed(playlist)
        counted = about.get("nb_tracks")
        total = max(total or 0, counted if isinstance(counted, int) else 0)
        missing = total - records
        if missing > 0:
            yield Rejection(
                f"deezer:playlist:{playlist.external_id}",
                "not_listed",
                f"Deezer counts {missing} more tracks in {playlist.name!r} than it lists; look at them there.",
                {"total": total, "listed": records},
            )

    def _about(self, playlist_id: str) -> dict[str, Any]:
        try:
            return self.api.playlist(playlist_id)
        except Refused as refusal:
            raise _unavailable(playlist_id, refusal) from None

    def _pages(self, playlist_id: str) -> Iterator[tuple[int, list[Any]]]:
        """Yield (number of tracks in all, records of the page) for each page."""
        endpoint = f"Deezer (playlist/{playlist_id}/tracks)"
        index, before = 0, None
        while True:
            try:
                answer = self.api.playlist_page(playlist_id, index)
            except Refused as refusal:
                raise _unavailable(playlist_id, refusal) from None
            page, total = answer.get("data"), answer.get("total")
            if isinstance(total, str) and re.fullmatch("[0-9]{1,9}", total):
                total = int(total)
            if not isinstance(page, list) or isinstance(total, bool) or not isinstance(total, int):
                raise TransientError(f"{endpoint} answered with no page of tracks; run again.")
            if page and page == before:
                raise TransientError(f"{endpoint} sent one page twice; run again.")
            before, count = page, total
            yield count, page
            following = next_index(answer) or index + len(page)  # a page may hide some of its tracks
            if not index < following < count:
                return
            index = following
            if index > self.max_entries:
                raise TransientError(f"{endpoint} lists tracks without end; run again.")


def _read(record: Any, references: Counter[str]) -> Entry | Rejection:
    """One record of a playlist. `references` counts the earlier ones, so that each record gets its own reference."""
    name = "removed track"
    payload: dict[str, Any] = {}
    try:
        if not isinstance(record, dict):
            raise UnusableError("removed_track", "is no longer on Deezer", "remove it from the list")
        payload = unsigned(record)
        name = f"deezer:track:{clean_text(text_in(record.get('id')))[:40] or 'without id'}"
        track = read_track(record)
        if references[name]:
            raise UnusableError("duplicate", "is in the list more than once", "remove the copies")
        references[name] += 1
        return Entry(track, (), added_at_of(record))
    except UnusableError as error:
        problem = error
    references[name] += 1
    number = references[name]
    copy = "" if number == 1 else f" ({number})" if not payload else f" (copy {number})"
    title = clean_text(text_in(payload.get("title")))[:100]
    shown = f"{title!r} ({name})" if title else f"An entry of the list ({name})"
    return Rejection(name + copy, problem.reason, problem.sentence(shown), payload)


def _snapshot_of(answer: dict[str, Any]) -> str:
    """Deezer's checksum of the playlist; without one, a hash of the tracks in this answer."""
    if checksum := clean_text(text_in(answer.get("checksum"))):
        return checksum
    tracks = answer.get("tracks")
    data = tracks.get("data") if isinstance(tracks, dict) else None
    records = data if isinstance(data, list) else []
    ids = [text_in(record.get("id")) for record in records if isinstance(record, dict)]
    text = json.dumps([text_in(answer.get("title")), text_in(answer.get("nb_tracks")), ids])
    return hashlib.sha256(text.encode()).hexdigest()


def _changed(playlist: Playlist) -> ChangedWhileReading:
    return ChangedWhileReading(f"The Deezer playlist {playlist.name!r} changed while it was read; run again.")


def _unavailable(playlist_id: str, refusal: Refused) -> Unavailable:
    name = f"The Deezer playlist {clean_text(playlist_id)!r}"
    if refusal.code in NO_RIGHT:
        return Unavailable(
            f"{name} is private; ask its owner to make it public, or leave it out.", "forbidden"
        )
    return Unavailable(
        f"{name} is not there (code {refusal.code}); correct its number, or leave it out.", "gone"
    )
