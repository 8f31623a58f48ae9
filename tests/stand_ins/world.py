"""What there is to serve: tracks, lists, and the two catalogues that know the same recordings, Spotify's and Deezer's.

Plain data, the same in every process. A track's `trap` names what is odd about it.
"""

import base64
import hashlib
from collections import Counter
from dataclasses import dataclass, field

LISTENER = "listener"  # the user who logs in at the stand-in
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Track:
    """A recording as Spotify knows it. `own_preview`: an app with extended quota sees a preview of it."""

    id: str  # 22 base62 digits
    title: str
    artists: tuple[str, ...]
    album: str
    isrc: str | None
    duration_ms: int
    released: str  # "2018-07-13", "2018-07", "2018" or "0000"
    own_preview: bool
    sound: str  # one of SOUNDS, or the path of an MP3
    trap: str = "plain"


@dataclass(frozen=True, slots=True)
class DeezerTrack:
    """A recording as Deezer knows it."""

    id: int
    title: str
    artist: str
    album: str
    isrc: str | None
    duration_s: int
    preview: bool
    readable: bool
    sound: str
    trap: str = "plain"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a playlist. `kind`: "track", "removed" (the item is null), "local" or "episode"."""

    kind: str
    track: Track | DeezerTrack | None = None
    added_at: str | None = "2024-02-07T18:27:21Z"


@dataclass
class Playlist:
    """A list that tests may edit, through `add`, `remove` and `touch`, or by setting `status`."""

    provider: str  # "spotify" or "deezer"
    id: str
    name: str
    label: str
    description: str
    entries: list[Entry] = field(default_factory=list)
    owner: str = "collector"
    status: str = "ok"  # or "forbidden", "gone", "metadata_only"
    version: int = 1
    page_shifted_after: int = 0
    shifts_left: int = 0
    _page: int = 0

    @property
    def snapshot(self) -> str:
        """Another one after each edit."""
        digest = hashlib.sha1(f"{self.id} {self.version}".encode()).hexdigest()
        return base64.b64encode(f"{self.version},{digest}".encode()).decode()

    def touch(self) -> None:
        """A new snapshot of the same list."""
        self.version += 1

    def add(self, *entries: Entry) -> None:
        self.entries = [*self.entries, *entries]
        self.version += 1

    def remove(self, index: int) -> Entry:
        gone = self.entries[index]
        self.entries = [entry for place, entry in enumerate(self.entries) if place != index]
        self.version += 1
        return gone

    def page_served(self, first: bool) -> None:
        """Called by the services: makes the list move under its reader where a test has asked for that."""
        self._page = 1 if first else self._page + 1
        if self.shifts_left and self._page == self.page_shifted_after:
            self.shifts_left -= 1
            self.entries = [*self.entries[1:], self.entries[0]]
            self.version += 1


@dataclass
class World:
    """All that the services serve. Lists are keyed "spotify:<id>" and "deezer:<id>"."""

    playlists: dict[str, Playlist] = field(default_factory=dict)
    tracks: dict[str, Track] = field(default_factory=dict)
    deezer: dict[int, DeezerTrack] = field(default_factory=dict)
    deezer_by_isrc: dict[str, int] = field(default_factory=dict)

    def playlist(self, provider: str, id: str, name: str, label: str, about: str = "") -> Playlist:
        """Adds an empty list."""
        return self.playlists.setdefault(f"{provider}:{id}", Playlist(provider, id, name, label, about))

    def know(self, track: Track | DeezerTrack) -> None:
        """Adds a track to its catalogue; the first one with an ISRC is the one that Deezer finds by it."""
        if isinstance(track, Track):
            self.tracks[track.id] = track
        else:
            self.deezer[track.id] = track
            if track.isrc is not None:
                self.deezer_by_isrc.setdefault(plain_isrc(track.isrc), track.id)

    def trapped(self, trap: str) -> list[Track]:
        """The Spotify tracks of one oddity, such as "other_title"."""
        return [track for track in self.tracks.values() if track.trap == trap]

    def has_deezer_audio(self, track: Track) -> bool:
        """Deezer finds this very recording by its ISRC, and has a preview of it."""
        other = self.deezer.get(self.deezer_by_isrc.get(plain_isrc(track.isrc or ""), 0))
        wrong = track.trap in ("other_title", "other_artist", "other_duration")
        return other is not None and other.preview and not wrong

    def summary(self, own_previews: bool = True) -> dict[str, int]:
        """Counts over the Spotify lists: entries, kinds of entries, distinct tracks, tracks that can get audio."""
        lists = [playlist for playlist in self.playlists.values() if playlist.provider == "spotify"]
        kinds = Counter(entry.kind for playlist in lists for entry in playlist.entries)
        tracks: dict[str, Track] = {}
        copies = 0
        for playlist in lists:
            here = [entry.track for entry in playlist.entries if isinstance(entry.track, Track)]
            tracks |= {track.id: track for track in here}
            copies += len(here) - len({track.id for track in here})
        own = {id for id, track in tracks.items() if own_previews and track.own_preview}
        deezer = {id for id, track in tracks.items() if self.has_deezer_audio(track)}
        return {
            "playlists": len(lists),
            "entries": sum(kinds.values()),
            **{kind: kinds[kind] for kind in ("removed", "local", "episode")},
            "duplicates": copies,
            "tracks": len(tracks),
            "own": len(own),
            "deezer": len(deezer),
            "with_audio": len(own | deezer),
        }


def base62(text: str) -> str:
    """22 digits out of any text, as Spotify's ids are."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16])
    return "".join(DIGITS[number // 62**place % 62] for place in range(22))


def plain_isrc(isrc: str) -> str:
    return isrc.replace("-", "").upper()
