"""Made-up worlds of music for the stand-in services: the seed's labels, a small one of oddities, a long one, a demo."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from sources.synth.crate import LABELS, Song, plan_crate
from tests.stand_ins.sounds import SOUNDS, write_preview
from tests.stand_ins.world import LISTENER, DeezerTrack, Entry, Playlist, Track, World, base62, plain_isrc

Preview = tuple[Song, Path]  # what it is called, and its MP3
__all__ = [
    "LISTENER",
    "DeezerTrack",
    "Entry",
    "Playlist",
    "Track",
    "World",
    "base62",
    "plain_isrc",
]  # for tests
# fmt: off
FIRST_WORDS = (
    "Amber", "Basalt", "Cobalt", "Driftwood", "Ember", "Felt", "Granite", "Hollow", "Iron", "Jasper", "Kelp", "Linen",
    "Moss",
)
SECOND_WORDS = (
    "Arcade", "Beacon", "Canal", "Depot", "Escalator", "Ferry", "Garage", "Hangar", "Island", "Junction", "Kiosk",
    "Lagoon",
)
# fmt: on


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
    """Five real labels' names and playlist ids, tracks made up: 2 287 entries; 1 429 tracks can get audio."""
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

    The previews lie in `folder`; rendering them takes a minute or two, and what is there already stays.
    """
    lists = [(label.name, label.description, base62(slug), 40, 24) for slug, label in LABELS.items()]
    songs: dict[str, list[Preview]] = {label.name: [] for label in LABELS.values()}
    plan = plan_crate(seed)
    with ThreadPoolExecutor() as pool:
        for song, path in zip(plan, pool.map(lambda song: write_preview(song, folder), plan), strict=True):
            songs[LABELS[song.label].name].append((song, path))
    kinds = ("deezer", "deezer", "feat", "deezer", "case", "near_duration")
    return labelled_world(lists, seed, kinds, {name: iter(previews) for name, previews in songs.items()})
