"""Recordings of a minute or more, made of several tracks in a row."""

from pathlib import Path

import numpy as np
import soundfile as sf


def write_recording(path: Path, crate: Path, labels: int = 2, tracks: int = 4) -> list[str]:
    """The first tracks of the first labels of a crate, label by label; returns the folders' names in that order."""
    folders = sorted(folder for folder in crate.iterdir() if folder.is_dir())[:labels]
    sounds = []
    for folder in folders:
        for file in sorted(folder.glob("*.flac"))[:tracks]:
            sound, rate = sf.read(file, dtype="float32", always_2d=True)
            sounds.append(sound.mean(axis=1))
    sf.write(path, np.concatenate(sounds), rate, format="FLAC")
    return [folder.name for folder in folders]
