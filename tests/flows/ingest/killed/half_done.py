"""What a killed ingest left: rows that belong together, files of clips, and the stage that it had reached."""

from collections import defaultdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.flows.ingest.killed.places import Place, Rows

# By the first rows that are missing, or not yet removed.
STAGES = {
    "playlist": "while it read playlists",
    "audio": "while it fetched audio",
    "features": "while it fetched features",
    "forgotten": "before it removed tracks",
}
Groups = dict[tuple[str, ...], list[str]]


def groups(rows: Rows, forgotten: set[str]) -> Groups:
    """Rows that belong together, by their subject. All rows of tracks to be removed are one such group."""
    rows_of: Groups = defaultdict(list)

    def put(about: tuple[str, ...], track: str, row: dict[str, Any]) -> None:
        rows_of[("forgotten",) if track in forgotten else about].append(str(row))

    for row in rows["playlists"]:
        if (row["status"], row["snapshot_id"]) != ("new", None):
            put(("playlist", name_of(row)), "", row)
    for table in ("playlist_tracks", "loads", "rejected_records"):
        for row in rows[table]:
            put(("playlist", row["playlist_id"]), row.get("track_id", ""), row)
    for row in rows["tracks"]:
        put(("track", name_of(row)), name_of(row), row)
    for row in rows["track_artists"]:
        put(("track", row["track_id"]), row["track_id"], row)
    for row in rows["clips"]:
        put(("audio", row["track_id"]), row["track_id"], row)
    for row in rows["lookups"]:
        source = (row["source"],) if row["kind"] == "features" else ()
        put((row["kind"], row["track_id"], *source), row["track_id"], row)
    for row in rows["audio_features"]:
        put(("features", row["track_id"], row["origin"]), row["track_id"], row)
    return {about: sorted(lines) for about, lines in rows_of.items()}


def tracks_of(rows: Rows) -> set[str]:
    return {name_of(row) for row in rows["tracks"]}


def name_of(row: dict[str, Any]) -> str:
    return f"{row['provider']}:{row['external_id']}"


def half_rows(rows: Rows, before: Rows, clean: Rows) -> list[str]:
    """Groups of rows that are neither as before nor as after a clean run."""
    forgotten = tracks_of(before) - tracks_of(clean)
    was, now, then = (groups(state, forgotten) for state in (before, rows, clean))
    wrong = [
        f"{about}: {now.get(about)}"
        for about in was.keys() | now.keys()
        if now.get(about) not in (was.get(about), then.get(about))
    ]
    for table in ("labels", "artists", "provider_state"):
        allowed = clean[table] + before[table]
        wrong += [f"{table}: {row}" for row in rows[table] if row not in allowed]
    return wrong


def half_files(place: Place, rows: Rows, clean: Rows) -> list[str]:
    """Clips without a file, and files with another sha256 than their name or without a clip.

    Files of tracks that are to be removed are deleted before their rows.
    """
    files = place.files()
    incoming = {Path(name).name for name in files if name.startswith("audio/incoming/")}
    uris = {row["uri"].removeprefix("store:") for row in rows["clips"]}
    kept = uris & {row["uri"].removeprefix("store:") for row in clean["clips"]}
    wrong = [f"{uri} is missing" for uri in kept if uri not in files and Path(uri).name not in incoming]
    for name, path in files.items():
        if path.suffix == ".part":
            wrong += [] if path.parent.parent.name == "incoming" else [f"{name} is no place for a draft"]
        elif sha256(path.read_bytes()).hexdigest() != path.stem:
            wrong.append(f"{name} is half a file")
        elif not name.startswith("audio/incoming/") and name not in uris:
            wrong.append(f"{name} belongs to no clip")
    return wrong


def require_audio_of_clips(place: Place, rows: Rows) -> None:
    """Assert that the audio folder has the file of each clip, and no other."""
    assert set(place.files()) == {row["uri"].removeprefix("store:") for row in rows["clips"]}
    assert list((place.home / "audio" / "incoming").iterdir()) == []
    assert list(place.home.rglob("*.part")) == []


def stage(rows: Rows, before: Rows, clean: Rows) -> str:
    """The stage that an ingest had reached, by the rows in the database."""
    forgotten = tracks_of(before) - tracks_of(clean)
    now, then = groups(rows, forgotten), groups(clean, forgotten)
    missing = {about[0] for about in now.keys() | then.keys() if now.get(about) != then.get(about)}
    for kind, name in STAGES.items():
        if kind in missing:
            return name
    return "after its last row"


def kinds_left(place: Place, rows: Rows) -> set[str]:
    """The kinds of files in audio/incoming."""
    with_row = {row["sha256"] for row in rows["clips"]}
    kinds = set()
    for name, path in place.files().items():
        if name.startswith("audio/incoming/"):
            part, unknown = "a half download", "a whole file without a row"
            kinds.add(
                part
                if path.suffix == ".part"
                else "a file not yet moved"
                if path.stem in with_row
                else unknown
            )
    return kinds
