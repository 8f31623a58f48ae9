"""A crate of two labels, to which recordings of four seconds are added now and then."""

import shutil
from pathlib import Path

from sources.synth import render_crate


class GrowingCrate:
    """The folder of the crate, and what has not been added to it yet: at most 40 recordings of a label."""

    def __init__(self, folder: Path, pool: Path, tracks_per_label: int = 40) -> None:
        render_crate(pool, tracks_per_label=tracks_per_label, artists_per_label=8, duration_s=4.0)
        pools = sorted(path for path in pool.iterdir() if path.is_dir())[:2]
        self._waiting = sorted(
            (song for label in pools for song in label.iterdir()), key=lambda path: path.name
        )
        self.folder = folder
        for label in pools:
            (folder / label.name).mkdir(parents=True)

    def add_files(self, number: int) -> None:
        for _ in range(min(number, len(self._waiting))):
            song = self._waiting.pop()
            shutil.copy(song, self.folder / song.parent.name)
