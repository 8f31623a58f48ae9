"""Options that choose among tracks, for `labelscope similar` and `labelscope export`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

Tempo = Annotated[str | None, typer.Option("--tempo", metavar="124-130", help="Only this range, in BPM.")]
Key = Annotated[
    str | None,
    typer.Option(
        "--key", metavar="KEY", help="Only keys that fit 8A (Camelot), or `compatible` with the tracks given."
    ),
]
PerArtist = Annotated[
    int | None, typer.Option("--per-artist", min=1, help="At most so many tracks an artist.")
]
Without = Annotated[
    list[Path] | None,
    typer.Option("--without", metavar="M3U8", help="Leave out what this playlist holds."),
]


def tempo_range(text: str | None) -> tuple[float, float] | None:
    """The slowest and the fastest tempo of a range such as 124-130. Raises BadParameter."""
    if text is None:
        return None
    slowest, _, fastest = text.partition("-")
    try:
        limits = float(slowest), float(fastest)
    except ValueError:
        limits = 0.0, 0.0
    if not 0 < limits[0] <= limits[1]:
        raise typer.BadParameter(f"{text!r} is no range of tempo: write --tempo 124-130.")
    return limits


def played(playlists: Sequence[Path] | None) -> frozenset[Path]:
    """The local files of these playlists. Raises Unavailable for one that cannot be read."""
    from flows.scoring.played import files_of

    return frozenset(file for playlist in playlists or () for file in files_of(playlist))
