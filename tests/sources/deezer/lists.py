"""Reading lists of the fake Deezer, and records for another one."""

from sources.deezer.source import DeezerSource
from sources.http import RetryPolicy
from sources.pace import RollingWindow
from sources.records import Entry, Label, Playlist, Reference, Rejection

LABEL = Label("wobbly-ladder", "Wobbly Ladder")
LIST = "908622995"
UNLIMITED = RollingWindow(10_000, 1)
QUICK = RetryPolicy(attempts=4, wait_seconds=0.001)


def reference(number: str = LIST) -> Reference:
    return Reference("deezer", number, LABEL)


def read(source: DeezerSource, playlist: Playlist | None = None) -> list[Entry | Rejection]:
    return list(source.entries(playlist or source.fetch_playlist(reference()), {}))


def page(index: int = 0) -> str:
    return f"playlist/1/tracks?index={index}&limit=100"


def plain(number: object, **more: object) -> dict[str, object]:
    return {"id": number, "title": "T", "type": "track", "artist": {"id": 1, "name": "A"}} | more
