"""A crate of two labels, to which recordings of four seconds are added now and then."""

from pathlib import Path

from sources.synth.crate import LABELS, plan_crate, write_song


class GrowingCrate:
    """The folder of the crate, and the songs that are not in it yet: at first 80, two of which take 95 seconds."""

    def __init__(self, folder: Path) -> None:
        labels = sorted(LABELS)[:2]
        songs = plan_crate(tracks_per_label=40, artists_per_label=8, duration_s=4.0)
        self._waiting = sorted(  # each artist once before any a second time: the first few can be learnt from
            (song for song in songs if song.label in labels),
            key=lambda song: (-song.number, song.artist, song.label),
        )
        self.folder = folder
        for label in labels:
            (folder / label).mkdir(parents=True)

    def add_files(self, number: int) -> None:
        for _ in range(min(number, len(self._waiting))):
            write_song(self._waiting.pop(), self.folder)
