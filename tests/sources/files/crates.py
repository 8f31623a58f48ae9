"""Crates of made files, and what is read from them."""

import json
from pathlib import Path

import numpy as np
import soundfile as sf

from sources.files.crate import FolderSource
from sources.records import Entry, Rejection, path_of


def write_tone(path: Path, frequency_hz: float = 220.0, duration_s: float = 1.0) -> Path:
    """A sine in whatever format the ending asks for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = 0.3 * np.sin(2 * np.pi * frequency_hz * np.arange(int(duration_s * 48_000)) / 48_000)
    formats = {".opus": "OGG", ".aif": "AIFF"}
    kind = formats.get(path.suffix.lower(), path.suffix[1:].upper())
    with path.open("wb") as file:  # by descriptor, as libsndfile cannot open every name
        sf.write(file, tone, 48_000, format=kind, subtype="OPUS" if path.suffix == ".opus" else None)
    return path


def read(
    source: FolderSource, known: dict[tuple[str, int, int], str] | None = None
) -> list[Entry | Rejection]:
    return [result for playlist in source.playlists() for result in source.entries(playlist, known or {})]


def only_entry(crate: Path) -> Entry:
    (result,) = read(FolderSource(crate))
    assert isinstance(result, Entry), result
    return result


def only_rejection(crate: Path) -> Rejection:
    (rejection,) = (result for result in read(FolderSource(crate)) if isinstance(result, Rejection))
    assert rejection.detail.count(". ") == 0
    assert rejection.detail.endswith(".")
    assert path_of(rejection.reference).parent.parent == crate
    json.dumps(rejection.payload)
    return rejection
