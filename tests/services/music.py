"""A made-up world of music for the stand-in services: which tracks there are, in which lists, with what audio.

Plain data, the same in every process. Two catalogues know the same recordings: Spotify's and Deezer's.
What is odd about a track stands in its `trap`.
"""

import base64
import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from sources.synth import LABELS, Song, plan_crate
from tests.services.sounds import SOUNDS, write_preview

Preview = tuple[Song, Path]  # what it is called, and its MP3
LISTENER = "listener"  # the user who logs in at the stand-in
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FIRST_WORDS = "Amber Basalt Cobalt Driftwood Ember Felt Granite Hollow Iron Jasper Kelp Linen Moss".split()
SECOND_WORDS = "Arcade Beacon Canal Depot Escalator Ferry Garage Hangar Island Junction Kiosk Lagoon".split()


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


# --- single tracks -----------------------------------------------------------------------------------------


def base62(text: str) -> str:
    """22 digits out of any text, as Spotify's ids are."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16])
    return "".join(DIGITS[number // 62**place % 62] for place in range(22))


def plain_isrc(isrc: str) -> str:
    return isrc.replace("-", "").upper()


def make_track(number: int, label: int = 0, trap: str = "plain", own_preview: bool = True) -> Track:
    """Track `number` of the world: no two have the same id, ISRC or title. Each of 5 labels has a sound."""
    words = FIRST_WORDS[number % 13], SECOND_WORDS[number // 13 % 12]
    day = datetime(1998, 1, 1, tzinfo=UTC) + timedelta(days=number * 37 % 9000)
    released = f"{day:%Y-%m-%d}"
    for every, text in ((11, released[:4]), (13, released[:7]), (29, "0000")):
        released = text if number % every == 1 else released
    credited = [f"{FIRST_WORDS[number % 37 % 13]} {SECOND_WORDS[number % 37 // 13]} {label + 1}"]
    return Track(
        id=base62(f"track {number}"),
        title=f"{words[0]} {words[1]} {number}",
        artists=(*credited, f"Guest {number % 7}") if number % 9 == 1 else tuple(credited),
        album=f"Release {number // 6}",
        isrc=f"ZZSYN26{number:05}",
        duration_ms=180_000 + number * 7919 % 300_000,
        released=released,
        own_preview=own_preview,
        sound=SOUNDS[label % 5 * 2 + number % 2],
        trap=trap,
    )


def on_deezer(track: Track, number: int, preview: bool = True) -> DeezerTrack:
    """The same recording in Deezer's catalogue: ids past 2^31, whole seconds, one artist."""
    seconds = track.duration_ms // 1000
    artist, isrc = track.artists[0], plain_isrc(track.isrc) if track.isrc else None
    return DeezerTrack(
        3_000_000_000 + number, track.title, artist, track.album, isrc, seconds, preview, True, track.sound
    )


def add_track(world: World, number: int, label: int, trap: str, preview: Preview | None = None) -> Track:
    """A track of the kind that `trap` names, known to both catalogues as that kind has it.

    With audio: "own" (a preview of Spotify's only), "both", "deezer", and as "deezer" in other spelling "feat"
    (guest named in the title), "case", "near_duration", "odd_isrc" (hyphens, small letters). Without: "no_isrc",
    "unknown_isrc", "other_title", "other_artist", "other_duration", "no_preview", "unreadable".
    """
    track = make_track(number, label, trap, own_preview=trap in ("own", "both"))
    if preview is not None:
        song, path = preview
        track = replace(track, title=song.title, artists=(song.artist_name,), sound=str(path))
    other = on_deezer(track, number)
    if trap == "no_isrc":
        track = replace(track, isrc=None)
    elif trap == "odd_isrc":
        track = replace(track, isrc=f"zz-syn-26-{number:05}")
    changed = {
        "feat": {"title": f"{track.title} (feat. Guest {number % 7})"},
        "case": {"title": track.title.upper(), "artist": track.artists[0].lower()},
        "near_duration": {"duration_s": other.duration_s + 2},
        "other_title": {"title": f"{track.title} (Live)"},
        "other_artist": {"artist": "Somebody Else"},
        "other_duration": {"duration_s": other.duration_s + 41},
        "no_preview": {"preview": False},
        "unreadable": {"preview": False, "readable": False},
        "no_isrc": {"isrc": None},
    }
    world.know(track)
    if trap not in ("own", "unknown_isrc"):
        world.know(replace(other, trap=trap, **changed.get(trap, {})))  # type: ignore[arg-type]
    return track


def added_at(number: int) -> str | None:
    """Some day; None, as for the very first playlists, for every 37th."""
    day = datetime(2016, 1, 1, 12, tzinfo=UTC) + timedelta(hours=number * 31)
    return None if number % 37 == 5 else f"{day:%Y-%m-%dT%H:%M:%SZ}"


# --- worlds ------------------------------------------------------------------------------------------------

WITH_AUDIO = ("both", "deezer", "own", "both", "deezer", "feat", "own", "case", "both", "near_duration")
WITHOUT = (
    "no_isrc",
    "unknown_isrc",
    "other_title",
    "other_duration",
    "no_preview",
    "unreadable",
    "other_artist",
)
SEED_PLAYLISTS = (  # label, what it sounds like, Spotify's id, entries, of these new tracks with audio
    ("Drumcode", "Festival techno, percussive.", "2a9vewgAKwZoYkJVBqJoLH", 712, 360),
    ("Ostgut Ton", "Dark and minimal techno.", "6Edpq3cmRdPdIyzU4J80TC", 318, 300),
    ("Lobster Theramin", "Lo-fi house and acid.", "215TGFgN1aCZ94BBouUYKv", 568, 160),
    ("Kompakt", "Minimal and ambient.", "7nU5hYoDxu0DmdRm2DQRUt", 245, 230),
    ("Kompakt", "Minimal and ambient.", "3kCDl9f7jQ8sjVN8wInerl", 200, 170),
    ("Dirtybird", "Tech house for the club.", "2XlbQn0hmv6eH8C16CGIN2", 244, 209),
)


def seed_world() -> World:
    """Five real labels' names and playlist ids with made-up tracks: 2 287 entries, 1 429 tracks get audio."""
    return labelled_world(SEED_PLAYLISTS, seed=7)


def labelled_world(
    lists: Iterable[tuple[str, str, str, int, int]],
    seed: int,
    with_audio: Sequence[str] = WITH_AUDIO,
    previews: Mapping[str, Iterator[Preview]] | None = None,
) -> World:
    """A list for each tuple as in SEED_PLAYLISTS. Nine entries of each are odd: nulls, copies, tracks of others.

    `with_audio` are the kinds of tracks with audio; `previews` (by label) give these their name and sound.
    """
    world, rng, numbers = World(), random.Random(seed), count(1)
    labels: list[str] = []
    before: list[Track] = []  # tracks with audio of the list before this one
    for label, about, id, size, audible in lists:
        if label not in labels:
            labels.append(label)
        playlist = world.playlist("spotify", id, f"{label} {len(world.playlists) + 1}", label, about)
        odd = [Entry("removed"), Entry("removed"), Entry("local"), Entry("episode")]
        shared = before[:2]
        kinds = [with_audio[n % len(with_audio)] for n in range(audible)]
        kinds += [WITHOUT[n % len(WITHOUT)] for n in range(size - audible - len(odd) - len(shared) - 3)]
        rng.shuffle(kinds)
        own = []
        for kind in kinds:
            preview = next(previews[label]) if previews and kind in with_audio else None
            own.append(add_track(world, next(numbers), len(labels) - 1, kind, preview))
        entries = [Entry("track", track) for track in [*own, *shared, *rng.sample(own, 3)]] + odd
        rng.shuffle(entries)
        playlist.entries = [replace(entry, added_at=added_at(n)) for n, entry in enumerate(entries)]
        before = [track for track in own if track.trap in with_audio]
    return world


def small_world() -> World:
    """Two Spotify lists and one of Deezer, with one of each oddity. "Glass Thimble" shares a track."""
    world, numbers = World(), count(1)
    first = world.playlist("spotify", base62("small 1"), "Rumble tracks", "Rumble Foundry", "Peak time.")
    kinds = [*dict.fromkeys(WITH_AUDIO), "odd_isrc", *WITHOUT]
    tracks = [add_track(world, next(numbers), 0, kind) for kind in kinds]
    twin = replace(make_track(next(numbers), 0, "twin", False), isrc=tracks[1].isrc, title=tracks[1].title)
    twin = replace(twin, duration_ms=tracks[1].duration_ms, artists=tracks[1].artists)
    world.know(twin)  # the same recording on another release: Deezer has one track for both
    tracks += [twin, tracks[0]]
    first.entries = [Entry("track", track) for track in tracks]
    first.entries[2] = replace(first.entries[2], added_at=None)
    odd = [Entry("removed", None, None), Entry("removed"), Entry("local"), Entry("episode")]
    first.entries[3:3] = odd[:1]
    first.entries[7:7] = odd[1:]
    second = world.playlist("spotify", base62("small 2"), "Thimble tracks", "Glass Thimble", "Melodic.")
    others = [add_track(world, next(numbers), 3, kind) for kind in ("both", "deezer", "own", "deezer")]
    second.entries = [Entry("track", track) for track in [*others, tracks[0]]]
    third = world.playlist("deezer", "908622995", "Ladder tracks", "Wobbly Ladder", "Tech house.")
    kinds = ["deezer", "deezer", "deezer", "no_isrc", "no_preview", "unreadable"]
    ladder = [add_track(world, next(numbers), 4, kind) for kind in kinds]
    third.entries = [Entry("track", twin_of(world, track)) for track in [*ladder, ladder[0]]]
    return world


def twin_of(world: World, track: Track) -> DeezerTrack:
    """The track of the same number in Deezer's catalogue."""
    return world.deezer[3_000_000_000 + int(track.title.split()[-1])]


def long_world(entries: int) -> World:
    """One list of plain tracks, each with a preview of its own and one of Deezer's."""
    world = World()
    playlist = world.playlist("spotify", base62("long"), "Long list", "Long Tapes")
    tracks = [add_track(world, number, number % 5, "both") for number in range(1, entries + 1)]
    playlist.entries = [Entry("track", track, added_at(number)) for number, track in enumerate(tracks)]
    return world


def demo_world(folder: Path, seed: int = 1) -> World:
    """The five made-up labels: 40 entries each, of which 24 tracks have a preview of 30 s, all of them on Deezer.

    The previews lie in `folder`; rendering them takes a minute, and what is there already stays.
    """
    lists = [(label.name, label.description, base62(slug), 40, 24) for slug, label in LABELS.items()]
    songs: dict[str, list[Preview]] = {label.name: [] for label in LABELS.values()}
    for song in plan_crate(seed):
        songs[LABELS[song.label].name].append((song, write_preview(song, folder)))
    kinds = ("deezer", "deezer", "feat", "deezer", "case", "near_duration")
    return labelled_world(lists, seed, kinds, {name: iter(previews) for name, previews in songs.items()})
