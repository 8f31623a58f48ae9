"""Read a Rekordbox library of 20 000 entries: seconds and memory, first and unchanged.

    python -m bench.dj_library [--entries 20000]

The floor is a stat and a sha256 of the same files, in the same run. Files are short and all different.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile as sf

from common.files import sha256_of
from sources.djlibraries.source import DjLibrarySource
from sources.records import Entry, Label, Reference
from tests.sources.djlibraries.libraries import playlist, rekordbox, rekordbox_uri


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=20_000)
    entries: int = parser.parse_args().entries
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = [_write(folder, number) for number in range(entries)]
        library = folder / "library.xml"
        nodes = playlist("All", *range(1, entries + 1))
        library.write_text(rekordbox([rekordbox_uri(str(file)) for file in files], nodes))
        print(f"{entries} entries, a library of {library.stat().st_size / 1e6:.1f} MB")
        before = _peak_mib()
        _timed("floor: stat and sha256 of each file", lambda: _floor(files))
        reference = Reference("folder", f"rekordbox:{library.as_uri()}#All", Label("all", "All"))
        known: dict[tuple[str, int, int], str] = {}
        _timed("first reading", lambda: _first(reference, known))
        _timed("unchanged: parse, and stat each file", lambda: _unchanged(reference))
        print(f"memory: {_peak_mib():.0f} MiB at most, {_peak_mib() - before:.0f} MiB of it for the reading")


def _write(folder: Path, number: int) -> Path:
    path = folder / f"{number % 100:02}" / f"Artist {number} - Title.wav"
    path.parent.mkdir(exist_ok=True)
    samples = np.random.default_rng(number).uniform(-0.5, 0.5, 800)
    sf.write(path, samples, 8000)
    return path


def _floor(files: list[Path]) -> None:
    for file in files:
        file.stat()
        with file.open("rb") as content:
            sha256_of(content)


def _first(reference: Reference, known: dict[tuple[str, int, int], str]) -> None:
    source = DjLibrarySource()
    number = sum(
        isinstance(record, Entry) for record in source.entries(source.fetch_playlist(reference), known)
    )
    print(f"{number} tracks")


def _unchanged(reference: Reference) -> None:
    DjLibrarySource().fetch_playlist(reference)


def _timed(name: str, work: Callable[[], None]) -> None:
    start = time.perf_counter()
    work()
    print(f"{name}: {time.perf_counter() - start:.2f} s")


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
