"""A crate of synthetic music: five made-up labels, for trying Labelscope without any music.

No label, artist or recording is real, and labels, artists, titles and albums are marked as synthetic.
"""

from dataclasses import dataclass
from pathlib import Path

import soundfile as sf
from mutagen.flac import FLAC

from common.files import replacing
from sources.files.crate import FolderSource
from sources.records import Label
from sources.synth.recipes import dice
from sources.synth.tracks import render_track
from sources.synth.voices import SAMPLE_RATE

PROVIDER = "synth"
LICENCE = "CC0-1.0, synthetic"
LONG_S = 95.0  # of a label's last track, so that clips are also cut from a long file
TRACKS_PER_RELEASE = 3

# Folder name, which is also the key of the recipe -> label.
LABELS = {
    slug: Label(slug, f"{name} (synthetic)", f"Synthetic: a made-up label, {sound}.", synthetic=True)
    for slug, name, sound in (
        ("rumble-foundry", "Rumble Foundry", "peak-time techno with a rumbling low end"),
        ("harbour-echo-bureau", "Harbour Echo Bureau", "dub techno, chords in a long delay"),
        ("mildew-tape-club", "Mildew Tape Club", "lo-fi house, detuned and dusty"),
        ("glass-thimble", "Glass Thimble", "melodic minimal, arpeggios over a soft kick"),
        ("wobbly-ladder", "Wobbly Ladder", "tech house, syncopated bass and cut-up voices"),
    )
}
# fmt: off
FIRST_WORDS = (
    "Borrowed", "Cardboard", "Diagonal", "Folded", "Lukewarm", "Magnetic", "Nearly", "Oblong", "Paper",
)
SECOND_WORDS = (
    "Antenna", "Bannister", "Corridor", "Dial", "Elevator", "Gasket", "Kettle", "Pylon", "Zipper",
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Song:
    """One track to make; `artist`, and `number` among the artist's tracks, count from 0."""

    label: str  # the folder's name
    artist: int
    number: int
    seed: int
    duration_s: float

    @property
    def file_name(self) -> str:
        return f"seed{self.seed}-artist{self.artist + 1:02}-track{self.number + 1:03}.flac"

    @property
    def artist_name(self) -> str:
        first, second = (
            dice(self.seed, self.label, self.artist, 4).choice(w) for w in (FIRST_WORDS, SECOND_WORDS)
        )
        return f"{first} {second} {self.artist + 1} (synthetic)"

    @property
    def title(self) -> str:
        rng = dice(self.seed, self.label, self.artist, self.number, 5)
        return f"{rng.choice(FIRST_WORDS)} {rng.choice(SECOND_WORDS)} {self.number + 1} (synthetic)"


def synth_source(folder: Path, windows: int = 3) -> FolderSource:
    """The crate that `render_crate` wrote to `folder`, as a source with provider "synth"."""
    return FolderSource(folder, windows, PROVIDER, LABELS)


def plan_crate(
    seed: int = 1, tracks_per_label: int = 24, artists_per_label: int = 6, duration_s: float = 30.0
) -> list[Song]:
    """The songs of a crate. The last one of each label lasts 95 s where the label has more than four."""
    if min(seed + 1, tracks_per_label, artists_per_label, duration_s) <= 0:
        raise ValueError(
            "A synthetic crate needs a seed of 0 or more, and at least one track, artist and second."
        )
    songs = []
    for label in LABELS:
        for index in range(tracks_per_label):
            long = index == tracks_per_label - 1 and tracks_per_label > 4
            artist, number = index % artists_per_label, index // artists_per_label
            songs.append(Song(label, artist, number, seed, LONG_S if long else duration_s))
    return songs


def render_crate(
    folder: Path,
    seed: int = 1,
    tracks_per_label: int = 24,
    artists_per_label: int = 6,
    duration_s: float = 30.0,
) -> int:
    """Write the songs of `plan_crate` that do not exist yet. Returns their number."""
    songs = plan_crate(seed, tracks_per_label, artists_per_label, duration_s)
    return sum(write_song(song, folder) for song in songs)


def write_song(song: Song, folder: Path) -> bool:
    """Write the song to `folder/<label>/<name>.flac`. Returns False where that file exists already.

    The same song gives the same bytes.
    """
    path = folder / song.label / song.file_name
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = render_track(song.label, song.artist, song.number, song.seed, song.duration_s)
    with replacing(path) as draft:
        sf.write(draft, sound, SAMPLE_RATE, format="FLAC", subtype="PCM_16", compression_level=0.0)
        flac = FLAC(draft)  # type: ignore[no-untyped-call]
        flac["title"] = song.title
        flac["artist"] = song.artist_name
        flac["album"] = f"Release {song.number // TRACKS_PER_RELEASE + 1} by {song.artist_name}"
        flac["organization"] = LABELS[song.label].name
        flac["license"] = LICENCE
        flac["comment"] = f"Synthetic music, rendered by Labelscope from seed {song.seed}."
        flac.save()
    return True
